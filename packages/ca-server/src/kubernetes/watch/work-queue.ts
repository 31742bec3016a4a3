import { type Clock, Loop, RetryPace } from "@kasbah/runtime";
import { ApiAnswerError } from "../api/api-answer.ts";

export interface WorkQueueDeps {
  readonly work: (key: string) => Promise<void>;
  /** Called for each failure. The queue retries failed work at growing intervals. */
  readonly onTrouble: (key: string, error: unknown) => void;
  readonly atOnce: number;
  readonly clock: Clock;
  /** A random number in [0, 1). */
  readonly roll: () => number;
}

interface Failure {
  readonly times: number;
  readonly notBeforeMs: number;
}

const backoff = { baseMs: 200, capMs: 30_000, shortestMs: 20 };
/** Limits a thousand keys that fail together to about ten retries per second. */
const perFailureMs = 200;

/** Does the work of each key when it is due: several keys concurrently, but never one key twice at a time. */
export class WorkQueue {
  readonly #deps: WorkQueueDeps;
  readonly #due = new Map<string, number>();
  readonly #failures = new Map<string, Failure>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #loop: Loop;
  readonly #pace: RetryPace;

  constructor(deps: WorkQueueDeps) {
    this.#deps = deps;
    this.#pace = new RetryPace({ ...backoff, roll: deps.roll });
    this.#loop = new Loop({ clock: deps.clock, pass: async () => this.#beginNext() });
  }

  /** A key that is already waiting keeps the earlier time; a key whose work failed waits for its retry. */
  add(key: string, afterMs = 0): void {
    const dueMs = this.#deps.clock.monotonicMs() + afterMs;
    const earliestMs = this.#failures.get(key)?.notBeforeMs ?? 0;
    this.#due.set(key, Math.max(Math.min(dueMs, this.#due.get(key) ?? dueMs), earliestMs));
    this.#loop.wake();
  }

  forget(key: string): void {
    this.#due.delete(key);
    this.#failures.delete(key);
  }

  start(): void {
    this.#loop.start();
  }

  /** Waits for the work in progress. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    await Promise.all(this.#running.values());
  }

  /** Starts the work of a key if one is due. Returns the time to wait for the next. */
  #beginNext(): number {
    const [key, dueMs] = this.#next();
    const waitMs = dueMs - this.#deps.clock.monotonicMs();
    if (waitMs > 0) return waitMs;
    this.#begin(key);
    return 0;
  }

  /** Infinity if there is nothing to do, or enough work is in progress. */
  #next(): readonly [key: string, dueMs: number] {
    let next: readonly [string, number] = ["", Number.POSITIVE_INFINITY];
    if (this.#running.size >= this.#deps.atOnce) return next;
    for (const waiting of this.#due) {
      if (waiting[1] < next[1] && !this.#running.has(waiting[0])) next = waiting;
    }
    return next;
  }

  #begin(key: string): void {
    this.#due.delete(key);
    const running = this.#work(key).finally(() => {
      this.#running.delete(key);
      this.#loop.wake();
    });
    this.#running.set(key, running);
  }

  async #work(key: string): Promise<void> {
    try {
      await this.#deps.work(key);
      this.#failures.delete(key);
    } catch (error) {
      const times = (this.#failures.get(key)?.times ?? 0) + 1;
      const waitMs = this.#pauseMs(times, error);
      this.#failures.set(key, { times, notBeforeMs: this.#deps.clock.monotonicMs() + waitMs });
      this.add(key);
      this.#deps.onTrouble(key, error);
    }
  }

  #pauseMs(times: number, error: unknown): number {
    const retryAfterMs = error instanceof ApiAnswerError ? error.retryAfterMs : undefined;
    const capMs = Math.max(backoff.capMs, this.#failures.size * perFailureMs);
    return this.#pace.delayMs({ attempt: times - 1, retryAfterMs, capMs });
  }
}
