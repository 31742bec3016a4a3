import { fileURLToPath } from "node:url";
import { systemClock } from "@kasbah/runtime";
import { type Vitals, vitalsOf } from "../hostile/http2/vitals.ts";
import { LoggedProcess } from "./logged-process.ts";
import { patienceMs } from "./patience.ts";

export const agentBin = fileURLToPath(new URL("../../packages/agent/bin/kasbah-agent.js", import.meta.url));

/** The values of flags by their names; `true` is a flag without a value, several values the same flag several times. */
export type AgentFlags = Readonly<Record<string, string | true | readonly string[]>>;

export interface AgentLaunch {
  readonly flags: AgentFlags;
  /** All of its environment but PATH. */
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
  /** What should be looked at though it is ready. */
  readonly warnings?: readonly string[];
}

/** The program as it is shipped, in a process of its own. */
export class AgentProcess extends LoggedProcess {
  constructor({ flags, env, failpoint, within = [] }: AgentLaunch) {
    const first = failpoint === undefined ? [] : ["--import", failpoint];
    const command = [...within, process.execPath, ...first, agentBin, ...argumentsOf(flags)];
    super({ title: "the agent", command, env });
  }

  vitals(): Promise<Vitals> {
    return vitalsOf(this.pid);
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
    const url = `http://${await this.statusAddress()}${path}`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    return answer.text();
  }

  /** `host:port` of the status port, as soon as it listens. */
  async statusAddress(): Promise<string> {
    const { address } = await this.logged("status server listens");
    return String(address);
  }

  /** Lets the pipe of the log fill up. */
  stopReadingLog(): void {
    this.child.stdout?.pause();
  }

  readLogAgain(): void {
    this.child.stdout?.resume();
  }

  /** Milliseconds on the processor while `ms` pass. */
  async cpuDuring(ms: number): Promise<number> {
    const before = await this.vitals();
    await systemClock.sleep(ms);
    return (await this.vitals()).cpuMs - before.cpuMs;
  }
}

function argumentsOf(flags: AgentFlags): readonly string[] {
  return Object.entries(flags).flatMap(([flag, values]) => {
    if (values === true) return [flag];
    return [values].flat().flatMap((value) => [flag, value]);
  });
}
