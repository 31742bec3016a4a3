import { readFile, writeFile } from "node:fs/promises";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import type { CommandDeps } from "../commands/command-deps.ts";
import { type CommandOutcome, runKasbah } from "../commands/run-kasbah.fixture.ts";

/** A kubectl that prints what a test sets, and records its arguments. */
export class FakeKubectl implements AsyncDisposable {
  readonly #directory: TemporaryDirectory;

  private constructor(directory: TemporaryDirectory) {
    this.#directory = directory;
  }

  static async start(): Promise<FakeKubectl> {
    return new FakeKubectl(await temporaryDirectory());
  }

  async prints(answer: object | string): Promise<void> {
    await writeFile(this.#directory.join("answer"), JSON.stringify(answer));
    await this.#install('cat "$here/answer"');
  }

  async fails(message: string): Promise<void> {
    await writeFile(this.#directory.join("message"), message);
    await this.#install('cat "$here/message" >&2; exit 1');
  }

  calls(): Promise<string> {
    return readFile(this.#directory.join("calls"), "utf8");
  }

  run(argv: readonly string[], changes: Partial<CommandDeps> = {}): Promise<CommandOutcome> {
    return runKasbah(argv, { env: { PATH: `${this.#directory.path}:/usr/bin:/bin` }, ...changes });
  }

  async #install(script: string): Promise<void> {
    const text = `#!/bin/sh\nhere=$(dirname "$0")\necho "$@" >> "$here/calls"\n${script}\n`;
    await writeFile(this.#directory.join("kubectl"), text, { mode: 0o755 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#directory.remove();
  }
}
