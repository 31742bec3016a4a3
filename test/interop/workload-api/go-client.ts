import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { untilSeen } from "@kasbah/testkit";
import { buildWorkloadClient } from "./build.ts";

/** One line of output of the Go program; its fields depend on the event. */
export interface GoLine {
  readonly event?: "svid" | "bundles" | "error";
  readonly spiffeId?: string;
  readonly fingerprint?: string;
  readonly chain?: number;
  readonly roots?: Readonly<Record<string, readonly string[]>>;
  readonly code?: string;
  readonly message?: string;
  readonly heard?: string;
  readonly peer?: string;
}

/** A running go-spiffe program that uses the given socket. */
export class GoClient {
  readonly lines: GoLine[] = [];
  readonly #child: ChildProcess;

  constructor(socket: string, ...args: readonly string[]) {
    const env = { ...process.env, SPIFFE_ENDPOINT_SOCKET: `unix://${socket}` };
    const child = spawn(buildWorkloadClient(), args, { env, stdio: ["pipe", "pipe", "inherit"] });
    createInterface(child.stdout).on("line", (line) => this.lines.push(JSON.parse(line)));
    this.#child = child;
  }

  /** Resolves with the first matching line after the first `after` lines. */
  next(what: string, fits: (line: GoLine) => boolean, after = 0): Promise<GoLine> {
    return untilSeen(what, 30_000, () => this.lines.slice(after).find(fits));
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Stops a watch the way a user would. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const exited = once(this.#child, "exit");
    this.#child.stdin?.end();
    await exited;
  }
}
