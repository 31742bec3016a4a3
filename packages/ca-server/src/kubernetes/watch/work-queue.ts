import { type Clock, Loop, RetryPace } from "@kasbah/runtime";
import { ApiAnswerError } from "../api/api-answer.ts";

export interface WorkQueueDeps {
  readonly work: (key: string) => Promise<void>;
  /** Work that failed is tried again, less and less often. */
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
/** So that a thousand keys that fail together are not tried more often than some ten in a second. */
const perFailureMs = 200;

/** Does the work of each key when it is due: a few keys at once, one key never twice at once. */
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

  /** A key that waits already keeps the earlier moment; one whose work failed waits for its next try. */
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

  /** Waits for what is in work. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    await Promise.all(this.#running.values());
  }

  /** Begins the work of a key if one is due; returns how long to wait for the next. */
  #beginNext(): number {
    const [key, dueMs] = this.#next();
    const waitMs = dueMs - this.#deps.clock.monotonicMs();
    if (waitMs > 0) return waitMs;
    this.#begin(key);
    return 0;
  }

  /** Never, when there is nothing to do or enough is in work. */
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
