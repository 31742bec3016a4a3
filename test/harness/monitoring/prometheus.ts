import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, temporaryDirectory } from "@kasbah/testkit";
import { provideTool } from "../../../deploy/image/debian-packages.ts";
import { LoggedProcess } from "../logged-process.ts";

/** A port to scrape, with the labels that Prometheus adds in Kubernetes. */
export interface ScrapeTarget {
  readonly address: string;
  readonly labels: { readonly namespace: string; readonly pod: string };
}

/** A series of an answer. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Times in seconds since the Unix epoch, with their values. */
  readonly points: readonly (readonly [number, number])[];
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: {
    readonly result: readonly {
      readonly metric: Series["labels"];
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

/** A real Prometheus that scrapes every second. */
export class Prometheus implements AsyncDisposable {
  readonly #process: LoggedProcess;
  readonly #url: string;
  readonly #remove: () => Promise<void>;

  private constructor(process: LoggedProcess, url: string, remove: () => Promise<void>) {
    this.#process = process;
    this.#url = url;
    this.#remove = remove;
  }

  static async start(targets: readonly ScrapeTarget[], say: (line: string) => void): Promise<Prometheus> {
    const { directory: unpacked } = await provideTool("prometheus", say);
    const directory = await temporaryDirectory();
    const static_configs = targets.map(({ address, labels }) => ({ targets: [address], labels }));
    const config = {
      global: { scrape_interval: "1s" },
      scrape_configs: [{ job_name: "kasbah", static_configs }],
    };
    await writeFile(directory.join("prometheus.yml"), JSON.stringify(config));
    const address = `127.0.0.1:${await freePort()}`;
    const command = [
      join(unpacked, "usr/bin/prometheus"),
      `--config.file=${directory.join("prometheus.yml")}`,
      `--storage.tsdb.path=${directory.join("data")}`,
      `--web.listen-address=${address}`,
    ];
    const process = new LoggedProcess({ title: "prometheus", command });
    const started = new Prometheus(process, `http://${address}`, () => directory.remove());
    await process.says("Server is ready to receive web requests");
    return started;
  }

  /** The values of an expression now. @throws if Prometheus rejects the expression */
  query(expr: string): Promise<readonly Series[]> {
    return this.#ask("query", { query: expr });
  }

  /** The values of an expression between two times, in seconds since the Unix epoch. */
  queryRange(
    expr: string,
    { start, end, step }: { readonly start: number; readonly end: number; readonly step: number },
  ): Promise<readonly Series[]> {
    return this.#ask("query_range", { query: expr, start: `${start}`, end: `${end}`, step: `${step}` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop();
    await this.#remove();
  }

  async #ask(path: string, parameters: Readonly<Record<string, string>>): Promise<readonly Series[]> {
    const answer = await fetch(`${this.#url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const { status, error, data } = (await answer.json()) as Answer;
    if (status !== "success") throw new Error(`${parameters["query"]}: ${error}`);
    return data.result.map(({ metric, value, values = [] }) => ({
      labels: metric,
      points: (value === undefined ? values : [value]).map(([time, text]) => [time, Number(text)] as const),
    }));
  }
}
