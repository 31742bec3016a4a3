import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync, writeFileSync } from "node:fs";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { testEnvoy } from "../../harness/envoy.ts";

/** A real Envoy with its own bootstrap and log. */
export class RunningEnvoy implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #directory: TemporaryDirectory;

  private constructor(child: ChildProcess, directory: TemporaryDirectory) {
    this.#child = child;
    this.#directory = directory;
  }

  static async start(bootstrap: unknown): Promise<RunningEnvoy> {
    const directory = await temporaryDirectory();
    const path = directory.join("envoy.json");
    writeFileSync(path, JSON.stringify(bootstrap));
    const log = openSync(directory.join("envoy.log"), "a");
    const args = ["-c", path, "--use-dynamic-base-id", "--concurrency", "1", "--log-level", "warning"];
    const child = spawn(await testEnvoy(), args, { stdio: ["ignore", log, log] });
    return new RunningEnvoy(child, directory);
  }

  get log(): string {
    return readFileSync(this.#directory.join("envoy.log"), "utf8");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null && this.#child.kill("SIGKILL"))
      await once(this.#child, "exit");
    await this.#directory.remove();
  }
}
