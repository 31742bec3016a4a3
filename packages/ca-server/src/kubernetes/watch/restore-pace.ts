import type { Clock } from "@kasbah/runtime";

interface Restores {
  readonly times: number;
  readonly lastMs: number;
}

const atOnce = 3;
const rememberedForMs = 10 * 60_000;
const longestWaitMs = 60_000;

/**
 * Limits how often the CA restores one object: three times in ten minutes immediately, then at intervals that
 * grow to a minute. A writer that undoes it so often is a program, and the two could continue forever.
 */
export class RestorePace {
  readonly #clock: Clock;
  readonly #restores = new Map<string, Restores>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(key: string): void {
    this.#restores.set(key, { times: this.#times(key) + 1, lastMs: this.#clock.monotonicMs() });
  }

  forget(key: string): void {
    this.#restores.delete(key);
  }

  isContested(key: string): boolean {
    return this.#times(key) > atOnce;
  }

  /** The time until the next restore is due. */
  waitMs(key: string): number {
    const times = this.#times(key);
    if (times < atOnce) return 0;
    const { lastMs = 0 } = this.#restores.get(key) ?? {};
    const intervalMs = Math.min(longestWaitMs, 1_000 * 2 ** (times - atOnce));
    return Math.max(0, lastMs + intervalMs - this.#clock.monotonicMs());
  }

  #times(key: string): number {
    const restores = this.#restores.get(key);
    if (restores === undefined || this.#clock.monotonicMs() - restores.lastMs > rememberedForMs) return 0;
    return restores.times;
  }
}
