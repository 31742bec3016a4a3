import type { Clock } from "@kasbah/runtime";
import { LRUCache } from "lru-cache";

/** Without a failure for this long, an outage is over. */
const quietMs = 5 * 60_000;
const maxOutages = 100;

/** Tells the first failure of an outage from those that repeat it, in bounded memory. */
export class Outages {
  readonly #clock: Clock;
  readonly #lastMs = new LRUCache<string, number>({ max: maxOutages });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a failure for this reason begins an outage. */
  begins(reason: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const lastMs = this.#lastMs.get(reason);
    this.#lastMs.set(reason, nowMs);
    return lastMs === undefined || nowMs - lastMs > quietMs;
  }
}
