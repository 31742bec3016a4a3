import { systemClock } from "@kasbah/runtime";
import { type FakeCa, startFakeCa, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { Pod, type PodOptions } from "../../harness/pod.ts";
import { Gate, type GateMode } from "./gate.ts";

/** Everything that a suite has started; disposing stops it, pods first. */
export class Stage implements AsyncDisposable {
  readonly #things = new AsyncDisposableStack();

  /** Registers the cleanup of a resource that the test created. */
  defer(end: () => Promise<void> | void): void {
    this.#things.defer(end);
  }

  directory(): Promise<TemporaryDirectory> {
    return temporaryDirectory().then((directory) => this.#things.use(directory));
  }

  /** A CA that accepts every caller and uses the machine's clock. */
  async ca({
    ttlMs = 24 * 3_600_000,
    ...options
  }: Partial<Parameters<typeof startFakeCa>[0]> & { ttlMs?: number } = {}): Promise<FakeCa> {
    const ca = await startFakeCa({ now: () => systemClock.now(), ...options });
    ca.ttlMs = ttlMs;
    return this.#things.adopt(ca, () => ca.close());
  }

  async gate(ca: FakeCa, mode: GateMode, at?: { host: string; port: number }): Promise<Gate> {
    return this.#things.use(await Gate.before(ca.address, mode, at));
  }

  /** A pod whose agent is listening; its first clients may still have to wait for a secret. */
  async pod(options: PodOptions): Promise<Pod> {
    const pod = await this.emptyPod(options);
    await pod.start().says("daemon started");
    return pod;
  }

  /** A pod whose agent has not been started. */
  async emptyPod(options: PodOptions): Promise<Pod> {
    return this.#things.use(await Pod.create(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#things.disposeAsync();
  }
}

/** Makes the agent rotate one second after each secret. */
export const restless = { "--grace-period-ratio": "1", "--grace-period-jitter": "0" };
