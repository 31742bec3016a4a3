import { type Clock, fullJitterDelayMs } from "@kasbah/runtime";
import { ApiAnswerError } from "../api/api-answer.ts";

export interface WorkQueueParts {
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

const backoff = { baseMs: 200, capMs: 30_000 };
/** So that a thousand keys that fail together are not tried more often than some ten in a second. */
const perFailureMs = 200;
const shortestPauseMs = 20;
const longestRetryAfterMs = 60_000;

/** Does the work of each key when it is due: a few keys at once, one key never twice at once. */
export class WorkQueue {
  readonly #parts: WorkQueueParts;
  readonly #due = new Map<string, number>();
  readonly #failures = new Map<string, Failure>();
  readonly #running = new Map<string, Promise<void>>();
  #isStopped = false;
  #wake = new AbortController();

  constructor(parts: WorkQueueParts) {
    this.#parts = parts;
  }

  /** A key that waits already keeps the earlier moment; one whose work failed waits for its next try. */
  add(key: string, afterMs = 0): void {
    const dueMs = this.#parts.clock.monotonicMs() + afterMs;
    const earliestMs = this.#failures.get(key)?.notBeforeMs ?? 0;
    this.#due.set(key, Math.max(Math.min(dueMs, this.#due.get(key) ?? dueMs), earliestMs));
    this.#wake.abort();
  }

  forget(key: string): void {
    this.#due.delete(key);
    this.#failures.delete(key);
  }

  start(): void {
    void this.#run();
  }

  /** Waits for what is in work. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake.abort();
    await Promise.all(this.#running.values());
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts;
    while (!this.#isStopped) {
      const [key, dueMs] = this.#next();
      const waitMs = dueMs - clock.monotonicMs();
      if (waitMs <= 0) {
        this.#begin(key);
        continue;
      }
      this.#wake = new AbortController();
      await clock.sleep(waitMs, this.#wake.signal).catch(() => undefined);
    }
  }

  /** Never, when there is nothing to do or enough is in work. */
  #next(): readonly [key: string, dueMs: number] {
    let next: readonly [string, number] = ["", Number.POSITIVE_INFINITY];
    if (this.#running.size >= this.#parts.atOnce) return next;
    for (const waiting of this.#due) {
      if (waiting[1] < next[1] && !this.#running.has(waiting[0])) next = waiting;
    }
    return next;
  }

  #begin(key: string): void {
    this.#due.delete(key);
    const running = this.#work(key).finally(() => {
      this.#running.delete(key);
      this.#wake.abort();
    });
    this.#running.set(key, running);
  }

  async #work(key: string): Promise<void> {
    try {
      await this.#parts.work(key);
      this.#failures.delete(key);
    } catch (error) {
      const times = (this.#failures.get(key)?.times ?? 0) + 1;
      const waitMs = this.#pauseMs(times, error);
      this.#failures.set(key, { times, notBeforeMs: this.#parts.clock.monotonicMs() + waitMs });
      this.add(key);
      this.#parts.onTrouble(key, error);
    }
  }

  #pauseMs(times: number, error: unknown): number {
    const retryAfterMs = error instanceof ApiAnswerError ? (error.retryAfterMs ?? 0) : 0;
    const roll = this.#parts.roll();
    const capMs = Math.max(backoff.capMs, this.#failures.size * perFailureMs);
    const delayMs = shortestPauseMs + fullJitterDelayMs({ ...backoff, capMs, attempt: times - 1, roll });
    return Math.max(delayMs, Math.min(retryAfterMs, longestRetryAfterMs));
  }
}
