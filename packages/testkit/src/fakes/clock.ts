import type { Clock } from "@kasbah/runtime";

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** Enough turns of the microtask queue for a loop to wake, decide and sleep again. */
const microtaskTurns = 20;

/** A clock that moves only when a test advances it, independently of real time. */
export class FakeClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  #suspendedMs = 0;
  #sleepers: Sleeper[] = [];

  constructor(start: Date | string = "2030-01-01T00:00:00Z") {
    this.#wallMs = new Date(start).getTime();
  }

  now(): Date {
    return new Date(this.#wallMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  bootMs(): number {
    return this.#monotonicMs + this.#suspendedMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (Number.isNaN(ms)) throw new RangeError("cannot sleep for NaN milliseconds");
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
        reject(signal?.reason);
      };
      const wake = () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      const sleeper = { dueMs: this.#monotonicMs + Math.max(ms, 0), wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** The number of pending sleeps. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /**
   * Advances both clocks and wakes sleepers at their time and in order, including sleeps that start
   * meanwhile. Between them only promises progress; if sockets or crypto must progress, use `runFor`.
   */
  async advance(ms: number): Promise<void> {
    await this.#move(ms, drainMicrotasks);
  }

  /**
   * Like `advance`, with full turns of the event loop at every sleeper, so that real I/O can also progress.
   */
  async runFor(ms: number): Promise<void> {
    await this.#move(ms, eventLoopTurns);
  }

  /** Moves only the wall clock, forwards or backwards, as an administrator or NTP does. No sleeper wakes. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }

  /** Suspends the machine: the wall clock and the time since boot move on, and no sleeper wakes. */
  suspend(ms: number): void {
    this.#wallMs += ms;
    this.#suspendedMs += ms;
  }

  async #move(ms: number, settle: () => Promise<void>): Promise<void> {
    const targetMs = this.#monotonicMs + ms;
    await settle();
    for (let next = this.#takeDue(targetMs); next !== undefined; next = this.#takeDue(targetMs)) {
      this.#moveTo(next.dueMs);
      next.wake();
      await settle();
    }
    this.#moveTo(targetMs);
    await eventLoopTurns();
  }

  #takeDue(limitMs: number): Sleeper | undefined {
    const first = this.#sleepers.reduce<Sleeper | undefined>(
      (best, each) => (best === undefined || each.dueMs < best.dueMs ? each : best),
      undefined,
    );
    if (first === undefined || first.dueMs > limitMs) return undefined;
    this.#sleepers = this.#sleepers.filter((each) => each !== first);
    return first;
  }

  #moveTo(monotonicMs: number): void {
    const stepMs = Math.max(0, monotonicMs - this.#monotonicMs);
    this.#monotonicMs += stepMs;
    this.#wallMs += stepMs;
  }
}

async function drainMicrotasks(): Promise<void> {
  for (let i = 0; i < microtaskTurns; i++) await undefined;
}

async function eventLoopTurns(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
