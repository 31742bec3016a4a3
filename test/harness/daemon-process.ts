import { systemClock } from "@kasbah/runtime";
import { LoggedProcess } from "./logged-process.ts";
import { patienceMs } from "./until.ts";
import { type Vitals, vitalsOf } from "./vitals.ts";

export interface DaemonLaunch {
  /** The whole environment besides PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** A module that the process loads before its own, as a `data:` URL. */
  readonly failpoint?: string;
  /** A command that becomes the daemon: `["sh", "-c", 'ulimit -n 64 && exec "$@"', "sh"]`. */
  readonly within?: readonly string[];
  /** Discards the log, for measurements; the status port is then found at this `host:port`. */
  readonly quietAt?: string;
}

/** The response of `/healthz/ready`. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly warnings?: readonly string[];
}

/** One of our daemons as it ships, logging JSON and serving a status port. */
export class DaemonProcess extends LoggedProcess {
  readonly #quietAt: string | undefined;

  constructor(title: string, program: readonly string[], launch: DaemonLaunch) {
    const { env, failpoint, within = [], quietAt } = launch;
    const imports = failpoint === undefined ? [] : ["--import", failpoint];
    const command = [...within, process.execPath, ...imports, ...program];
    super({ title, command, env, discardLog: quietAt !== undefined });
    this.#quietAt = quietAt;
  }

  vitals(): Promise<Vitals> {
    return vitalsOf(this.pid);
  }

  async untilReady(): Promise<void> {
    await this.until("readiness", () => this.isReady());
  }

  /** Whether the daemon reports that it is ready; false if it does not answer. */
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

  /** The value of a series in `/metrics`; undefined if the series does not exist. */
  async metric(series: string): Promise<number | undefined> {
    const line = (await this.status("/metrics")).split("\n").find((one) => one.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  }

  /** Fetches a page of the status port. */
  async status(path: string, timeoutMs = patienceMs): Promise<string> {
    const url = `http://${await this.statusAddress()}${path}`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    return answer.text();
  }

  /** `host:port` of the status port, as soon as it listens. */
  async statusAddress(): Promise<string> {
    if (this.#quietAt !== undefined) return this.#quietAt;
    const { address } = await this.logged("status server listens");
    return String(address);
  }

  /** The CPU time in milliseconds that the process uses during the next `ms`. */
  async cpuDuring(ms: number): Promise<number> {
    const before = await this.vitals();
    await systemClock.sleep(ms);
    return (await this.vitals()).cpuMs - before.cpuMs;
  }
}
