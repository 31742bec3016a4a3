import { writeFile } from "node:fs/promises";
import { freePort, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { LoggedProcess } from "../../harness/logged-process.ts";
import { buildCollector } from "./build.ts";
import { SpanSink } from "./span-sink.ts";

const configuration = (port: number, sink: string) => `
receivers:
  otlp:
    protocols:
      http:
        endpoint: 127.0.0.1:${port}
exporters:
  otlp_http:
    endpoint: ${sink}
    encoding: json
    compression: none
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [otlp_http]
`;

/** A real collector of OpenTelemetry, and what it received. */
export class Collector implements AsyncDisposable {
  readonly sink: SpanSink;
  readonly endpoint: string;
  readonly #process: LoggedProcess;
  readonly #directory: TemporaryDirectory;

  private constructor(sink: SpanSink, port: number, directory: TemporaryDirectory) {
    this.sink = sink;
    this.endpoint = `http://127.0.0.1:${port}`;
    this.#directory = directory;
    const command = [buildCollector(), `--config=file:${directory.join("collector.yaml")}`];
    this.#process = new LoggedProcess({ title: "collector", command });
  }

  static async start(): Promise<Collector> {
    const [sink, port, directory] = await Promise.all([SpanSink.start(), freePort(), temporaryDirectory()]);
    await writeFile(directory.join("collector.yaml"), configuration(port, sink.url));
    const collector = new Collector(sink, port, directory);
    try {
      await collector.#process.says("Everything is ready");
      return collector;
    } catch (error) {
      await collector[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop();
    await this.sink[Symbol.asyncDispose]();
    await this.#directory.remove();
  }
}
