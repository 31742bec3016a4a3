import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { untilSeen } from "@kasbah/testkit";
import { patienceMs } from "./patience.ts";

export interface LoggedLaunch {
  /** What it is called where a wait fails: "the agent". */
  readonly title: string;
  readonly command: readonly string[];
  /** All of the environment that it gets beside PATH: nothing of the developer's may decide a test. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** A program in a process of its own, whose log is read and kept. */
export class LoggedProcess {
  readonly child: ChildProcess;
  /** Resolves when it has ended and all that it wrote is in the log. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly #title: string;
  #log = "";

  constructor({ title, command: [file = "", ...args], env = {} }: LoggedLaunch) {
    this.#title = title;
    const PATH = process.env["PATH"] ?? "";
    this.child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], env: { PATH, ...env } });
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

  /** What it has written so far, to both of its outputs. */
  get log(): string {
    return this.#log;
  }

  /** Waits until it has written that; fails when it ended before. */
  async says(text: string): Promise<void> {
    await this.until(`"${text}" in the log`, () => this.#log.includes(text));
  }

  /** The first line of this event, waited for; fails when it ended before. */
  async logged(event: string): Promise<Readonly<Record<string, unknown>>> {
    const sought = `"event":${JSON.stringify(event)}`;
    // What follows the last line's end is not whole yet.
    const find = () =>
      this.#log
        .split("\n")
        .slice(0, -1)
        .find((line) => line.includes(sought));
    await this.until(`"${event}" in the log`, () => find() !== undefined);
    return JSON.parse(find() ?? "");
  }

  /** Waits for something that the living process must bring about; a failure tells what it wrote last. */
  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    try {
      await untilSeen(what, patienceMs, async () => {
        if (await isSo()) return true;
        if (this.hasExited)
          throw new Error(`${this.#title} has ended, with ${this.child.exitCode}, before: ${what}`);
        return undefined;
      });
    } catch (error) {
      throw new Error(`${String(error)}; the last words of ${this.#title}:\n${this.#log.slice(-3_000)}`, {
        cause: error,
      });
    }
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (this.hasExited) return;
    this.child.kill(signal);
    await this.exited;
  }
}
