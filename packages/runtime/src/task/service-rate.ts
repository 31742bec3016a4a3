/** Until the first measurement. */
const assumedPerSecond = 100;
const windowMs = 500;
/** The weight of the newest window. */
const weight = 0.5;
/** A stopped service must not lead to a division by zero. */
const leastPerSecond = 1;

/** How many pieces of work per second are finished while others wait. Idle time does not count. */
export class ServiceRate {
  #perSecond = assumedPerSecond;
  #sinceMs: number | undefined;
  #finished = 0;

  get perSecond(): number {
    return this.#perSecond;
  }

  /** A piece of work is finished; `isBusy` tells whether others still wait. */
  finished(nowMs: number, isBusy: boolean): void {
    this.#finished += 1;
    this.#measure(nowMs);
    if (!isBusy) this.#sinceMs = undefined;
  }

  /** Work begins to wait, or waits longer. */
  waits(nowMs: number): void {
    if (this.#sinceMs === undefined) this.#begin(nowMs);
    else this.#measure(nowMs);
  }

  #begin(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#finished = 0;
  }

  #measure(nowMs: number): void {
    if (this.#sinceMs === undefined) return;
    const tookMs = nowMs - this.#sinceMs;
    if (tookMs < windowMs) return;
    const measured = Math.max(leastPerSecond, (this.#finished * 1_000) / tookMs);
    this.#perSecond += (measured - this.#perSecond) * weight;
    this.#begin(nowMs);
  }
}
