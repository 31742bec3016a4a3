import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { untilSeen } from "@kasbah/testkit";
import { patienceMs } from "./until.ts";

export interface LoggedLaunch {
  /** The name of the process in failures: "kasbah-agent". */
  readonly title: string;
  readonly command: readonly string[];
  /**
   * The whole environment of the process besides PATH, so that the developer's environment cannot affect a
   * test.
   */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Discards the output instead of reading it, for measurements. */
  readonly discardLog?: boolean;
}

/** How long a process may take to stop after SIGTERM before it is killed. */
const stopWithinMs = 15_000;

/** A program in its own process; its log is read and kept. */
export class LoggedProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  /** Resolves when the process has exited and the log holds all of its output. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly #title: string;
  #log = "";

  constructor({ title, command, env = {}, discardLog = false }: LoggedLaunch) {
    this.#title = title;
    const [file = "", ...args] = command;
    const PATH = process.env["PATH"] ?? "";
    const output = discardLog ? "ignore" : "pipe";
    this.child = spawn(file, args, { stdio: ["ignore", output, output], env: { PATH, ...env } });
    const take = (text: string) => {
      this.#log += text;
    };
    this.child.stdout?.setEncoding("utf8").on("data", take);
    this.child.stderr?.setEncoding("utf8").on("data", take);
    this.exited = once(this.child, "close").then(([code, signal]) => ({ code, signal }));
  }

  get pid(): number {
    if (this.child.pid === undefined)
      throw new Error(`${this.#title} did not start: ${this.child.spawnfile}`);
    return this.child.pid;
  }

  get hasExited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** The output so far, of stdout and stderr. */
  get log(): string {
    return this.#log;
  }

  /** Waits until the output contains `text`; fails if the process exits first. */
  async says(text: string): Promise<void> {
    await this.until(`"${text}" in the log`, () => this.#log.includes(text));
  }

  /** Waits for the first line of this event and returns it; fails if the process exits first. */
  async logged(event: string): Promise<Readonly<Record<string, unknown>>> {
    const sought = `"event":${JSON.stringify(event)}`;
    // The text after the last line feed is an incomplete line.
    const find = () =>
      this.#log
        .split("\n")
        .slice(0, -1)
        .find((line) => line.includes(sought));
    await this.until(`"${event}" in the log`, () => find() !== undefined);
    return JSON.parse(find() ?? "");
  }

  /** Waits for an effect of the running process; a failure quotes the end of its log. */
  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    try {
      await untilSeen(what, patienceMs, async () => {
        if (await isSo()) return true;
        if (this.hasExited)
          throw new Error(`${this.#title} exited with ${this.child.exitCode} before: ${what}`);
        return undefined;
      });
    } catch (error) {
      throw new Error(`${String(error)}; the end of the log of ${this.#title}:\n${this.#log.slice(-3_000)}`, {
        cause: error,
      });
    }
  }

  /** Fills the pipe of the log, like a log collector that hangs. */
  stopReadingLog(): void {
    this.child.stdout?.pause();
    this.child.stderr?.pause();
  }

  readLogAgain(): void {
    this.child.stdout?.resume();
    this.child.stderr?.resume();
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (!this.hasExited) this.child.kill(signal);
    // A paused pipe would never report its end.
    this.readLogAgain();
    await this.exited;
  }

  /** Stops the process with SIGTERM, or with SIGKILL if that takes too long. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.child.kill("SIGKILL"), stopWithinMs);
    await this.kill("SIGTERM").finally(() => clearTimeout(timer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
