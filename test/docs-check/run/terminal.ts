import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import type { Sandbox } from "./sandbox.ts";

export interface CommandOutcome {
  /** Undefined while the command runs. */
  readonly code: number | undefined;
  /** What it printed, as on a terminal: stdout and stderr together. */
  readonly printed: string;
}

// Each command is read up to a NUL, runs in this same shell, and is followed by a mark with its exit code. A command
// that reads its input finds none. Ctrl-C ends the command and not the shell.
const loop = `
trap : INT
set -o pipefail
exec 9<&0 </dev/null 2>&1
while IFS= read -r -d '' -u 9 docs_command; do
  eval "$docs_command" 9<&-
  printf '\\036%s %d\\036' "$1" "$?"
done`;

/** A terminal of a page: one bash, whose variables, folder and background jobs last from command to command. */
export class Terminal {
  readonly #shell: ChildProcess;
  readonly #mark = randomUUID();
  #printed = "";
  #changed = () => {};

  constructor(sandbox: Sandbox, cwd: string, env: Readonly<Record<string, string>>) {
    const [file = "", ...args] = sandbox.within;
    const bash = ["bash", "--noprofile", "--norc", "-c", loop, "terminal", this.#mark];
    this.#shell = spawn(file, [...args, "env", `--chdir=${cwd}`, ...bash], {
      env: { ...env },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    for (const stream of [this.#shell.stdout, this.#shell.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#printed += text;
        this.#changed();
      });
    this.#shell.stdin?.on("error", () => {});
    this.#shell.on("exit", () => this.#changed());
  }

  /** Types a command; {@link outcome} tells what became of it. */
  type(command: string): void {
    this.#printed = "";
    this.#shell.stdin?.write(`${command}\0`);
  }

  get outcome(): CommandOutcome {
    const mark = new RegExp(`\\x1e${this.#mark} (\\d+)\\x1e`).exec(this.#printed);
    if (mark !== null) return { code: Number(mark[1]), printed: this.#printed.slice(0, mark.index) };
    const { exitCode } = this.#shell;
    return { code: exitCode ?? undefined, printed: this.#printed };
  }

  /** Resolves with the outcome once it fits, or after `withinMs`. */
  async until(isFit: (outcome: CommandOutcome) => boolean, withinMs: number): Promise<CommandOutcome> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, withinMs);
    this.#changed = () => isFit(this.outcome) && resolve();
    this.#changed();
    await promise;
    clearTimeout(timer);
    return this.outcome;
  }

  /** Presses Ctrl-C. */
  interrupt(): void {
    if (this.#shell.pid !== undefined) process.kill(-this.#shell.pid, "SIGINT");
  }
}
