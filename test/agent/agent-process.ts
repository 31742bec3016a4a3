import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { systemClock } from "@kasbah/runtime";
import { untilSeen } from "@kasbah/testkit";
import { type Vitals, vitalsOf } from "../../hostile/http2/vitals.ts";
import { patienceMs } from "./patience.ts";

const agentBin = fileURLToPath(new URL("../../../packages/agent/bin/kasbah-agent.js", import.meta.url));

export interface AgentLaunch {
  readonly flags: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** A module that runs in it before its own, as a `data:` URL. */
  readonly failpoint?: string;
  /** A command that becomes the agent: `["sh", "-c", 'ulimit -n 64 && exec "$@"', "sh"]`. */
  readonly within?: readonly string[];
}

/** The answer of `/healthz/ready`. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

/** The program as it is shipped, in a process of its own. */
export class AgentProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  #log = "";

  constructor({ flags, env = {}, failpoint, within = [] }: AgentLaunch) {
    const first = failpoint === undefined ? [] : ["--import", failpoint];
    const command = [process.execPath, ...first, agentBin, ...Object.entries(flags).flat()];
    const [file = "", ...args] = [...within, ...command];
    const PATH = process.env["PATH"] ?? "";
    this.child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], env: { PATH, ...env } });
    const take = (text: string) => {
      this.#log += text;
    };
    this.child.stdout?.setEncoding("utf8").on("data", take);
    this.child.stderr?.setEncoding("utf8").on("data", take);
    this.exited = once(this.child, "exit").then(([code, signal]) => ({ code, signal }));
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`the agent did not start: ${this.child.spawnfile}`);
    return this.child.pid;
  }

  get hasExited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** What it has written so far, to both of its outputs. */
  get log(): string {
    return this.#log;
  }

  vitals(): Promise<Vitals> {
    return vitalsOf(this.pid);
  }

  /** Waits until it has written that; fails when it ended before. */
  async says(text: string): Promise<void> {
    await this.until(`"${text}" in the log`, () => this.#log.includes(text));
  }

  /** Waits for something that the living agent must bring about; a failure tells what it wrote last. */
  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    try {
      await untilSeen(what, patienceMs, async () => {
        if (await isSo()) return true;
        if (this.hasExited)
          throw new Error(`the agent has ended, with ${this.child.exitCode}, before: ${what}`);
        return undefined;
      });
    } catch (error) {
      throw new Error(`${String(error)}; the agent's last words:\n${this.#log.slice(-3_000)}`, {
        cause: error,
      });
    }
  }

  /** Whether it says so; also false when it does not answer. */
  isReady(): Promise<boolean> {
    return this.readiness().then(
      ({ ready }) => ready,
      () => false,
    );
  }

  async readiness(): Promise<Readiness> {
    const body: unknown = JSON.parse(await this.status("/healthz/ready"));
    return body as Readiness;
  }

  /** A value of `/metrics`; `undefined` when there is no such series. */
  async metric(series: string): Promise<number | undefined> {
    const line = (await this.status("/metrics")).split("\n").find((one) => one.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  }

  /** A page of the status port. */
  async status(path: string, timeoutMs = patienceMs): Promise<string> {
    await this.says('"event":"status server listens"');
    const address = /"address":"([^"]+)","event":"status server listens"/.exec(this.#log)?.[1];
    const answer = await fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(timeoutMs) });
    return answer.text();
  }

  /** Lets the pipe of the log fill up. */
  stopReadingLog(): void {
    this.child.stdout?.pause();
  }

  readLogAgain(): void {
    this.child.stdout?.resume();
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (this.hasExited) return;
    this.child.kill(signal);
    await this.exited;
  }

  /** Milliseconds on the processor while `ms` pass. */
  async cpuDuring(ms: number): Promise<number> {
    const before = await this.vitals();
    await systemClock.sleep(ms);
    return (await this.vitals()).cpuMs - before.cpuMs;
  }
}
