import type { Clock } from "@kasbah/runtime";
import type { FakeClock } from "@kasbah/testkit";
import type { HttpsReply } from "../../outbound/https-exchange.ts";
import type { LeaseClient } from "./lease.ts";

/**
 * The fate of one call. A `lost` call was executed but its response is lost; a `refused` call was not
 * executed.
 */
export interface Weather {
  readonly thereMs: number;
  readonly backMs: number;
  readonly fate: "answered" | "refused" | "lost" | "silent";
}

export interface StoredLease {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec: Readonly<Record<string, unknown>>;
}

export const calm: Weather = { thereMs: 1, backMs: 1, fate: "answered" };

/**
 * The API server for one lease: a write must name the version that it replaces, and a write that changes
 * nothing creates no version.
 */
export class LeaseServer {
  lease: StoredLease | undefined;
  weather: () => Weather = () => calm;
  /** Called after each call, so that a test can check every moment at which something could have changed. */
  onCall: () => void = () => {};
  readonly calls: { readonly method: string; readonly path: string; readonly status: number }[] = [];
  readonly #clock: FakeClock;
  #version = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** @param awake resolves when the calling process can continue */
  client(awake: () => Promise<void> = async () => {}): LeaseClient {
    const call = (method: string) => async (path: string, body?: unknown) => {
      const reply = await this.#call(method, path, body);
      await awake();
      return reply;
    };
    return { get: call("GET"), post: call("POST"), put: call("PUT") };
  }

  /** Changes the lease as a client that is not a candidate. */
  edit(change: (lease: StoredLease) => StoredLease | undefined): void {
    if (this.lease !== undefined) this.#store(change(this.lease));
  }

  get holder(): unknown {
    return this.lease?.spec["holderIdentity"];
  }

  async #call(method: string, path: string, body: unknown): Promise<HttpsReply> {
    const { thereMs, backMs, fate } = this.weather();
    await this.#clock.sleep(thereMs);
    const [status, answer] = fate === "refused" ? [503, {}] : this.#handle(method, body);
    this.calls.push({ method, path, status });
    this.onCall();
    await this.#clock.sleep(fate === "silent" ? Number.POSITIVE_INFINITY : backMs);
    if (fate === "lost") throw new Error("read ECONNRESET");
    return { status, body: JSON.stringify(answer), retryAfterMs: undefined };
  }

  #handle(method: string, body: unknown): readonly [status: number, answer: unknown] {
    if (method === "POST") return this.lease === undefined ? [201, this.#store(body)] : [409, {}];
    if (this.lease === undefined) return [404, {}];
    if (method === "GET") return [200, this.lease];
    const isStale = readVersion(body) !== this.lease.metadata["resourceVersion"];
    return isStale ? [409, {}] : [200, this.#store(body)];
  }

  #store(body: unknown): StoredLease | undefined {
    if (JSON.stringify(body) === JSON.stringify(this.lease)) return this.lease;
    if (isLease(body)) {
      this.#version += 1;
      const metadata = { ...body.metadata, uid: "uid", resourceVersion: String(this.#version) };
      this.lease = { ...body, metadata };
    } else {
      this.lease = undefined;
    }
    return this.lease;
  }
}

function isLease(body: unknown): body is StoredLease {
  return typeof body === "object" && body !== null && "metadata" in body && "spec" in body;
}

function readVersion(body: unknown): unknown {
  return isLease(body) ? body.metadata["resourceVersion"] : undefined;
}

/**
 * The clocks of one machine, which has its own speed. A test can step its wall clock and stop its process
 * (SIGSTOP).
 */
export class MachineClock implements Clock {
  readonly #base: FakeClock;
  readonly #speed: number;
  #stepMs = 0;
  #stoppedUntilMs = 0;
  #lostMs = 0;

  constructor(base: FakeClock, speed = 1) {
    this.#base = base;
    this.#speed = speed;
  }

  now(): Date {
    return new Date(this.#base.now().getTime() + this.#stepMs);
  }

  monotonicMs(): number {
    return this.#base.monotonicMs() * this.#speed - this.#lostMs;
  }

  bootMs(): number {
    return this.#base.bootMs() * this.#speed;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#base.sleep(ms / this.#speed, signal);
    await this.awake();
    signal?.throwIfAborted();
  }

  step(ms: number): void {
    this.#stepMs += ms;
  }

  stopFor(ms: number): void {
    this.#stoppedUntilMs = Math.max(this.#stoppedUntilMs, this.#base.monotonicMs() + ms);
  }

  /** The machine wakes up after that time, which its monotonic clock does not count. */
  async suspendFor(ms: number): Promise<void> {
    this.stopFor(ms);
    this.#lostMs += ms * this.#speed;
    await this.#base.runFor(ms);
  }

  readonly awake = async (): Promise<void> => {
    while (this.#base.monotonicMs() < this.#stoppedUntilMs) {
      await this.#base.sleep(this.#stoppedUntilMs - this.#base.monotonicMs());
    }
  };
}
