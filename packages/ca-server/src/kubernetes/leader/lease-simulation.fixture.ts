import type { Clock } from "@kasbah/runtime";
import type { FakeClock } from "@kasbah/testkit";
import type { HttpsReply } from "../../outbound/https-exchange.ts";
import type { LeaseClient } from "./lease.ts";

/** How one call fares. What is `lost` was done, and nobody hears of it; a `refused` one was not done. */
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

/** The API server as far as one lease goes: a write must name the version that it replaces, and one that changes nothing makes none. */
export class LeaseServer {
  lease: StoredLease | undefined;
  weather: () => Weather = () => calm;
  /** Called after each call, so that a test may look at every moment at which something could have changed. */
  onCall: () => void = () => {};
  readonly calls: { readonly method: string; readonly path: string; readonly status: number }[] = [];
  readonly #clock: FakeClock;
  #version = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** @param awake resolves when the process that asked can go on. */
  client(awake: () => Promise<void> = async () => {}): LeaseClient {
    const call = (method: string) => async (path: string, body?: unknown) => {
      const reply = await this.#call(method, path, body);
      await awake();
      return reply;
    };
    return { get: call("GET"), post: call("POST"), put: call("PUT") };
  }

  /** As somebody else than the candidates changes the lease. */
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

/** The clocks of one machine: of its own speed, its wall clock stepped, its process stopped for a while (SIGSTOP). */
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

  /** The machine wakes up after that time, of which its monotonic clock knows nothing. */
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
