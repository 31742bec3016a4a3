/** Stock agents retry five times within 1.5 s; this requests the last of their delays. */
const shortestMs = 1_000;
/** A pod that starts must not wait for minutes because many others were refused with it. */
const longestMs = 30_000;
/** After this time, half of the refused callers count as served or gone. */
const halfLifeMs = 5_000;

export interface RetryTimeQuestion {
  readonly nowMs: number;
  /** How many wait now, and are served first. */
  readonly waiting: number;
  readonly perSecond: number;
  /** Uniform in [0, 1). */
  readonly roll: number;
}

/**
 * When a refused caller may return: after those that wait, and spread over the time that the service needs for those
 * that it has refused recently.
 */
export class RetryTime {
  #refused = 0;
  #atMs = 0;

  /** Counts a refusal, and returns how long its caller should wait. */
  refuse({ nowMs, waiting, perSecond, roll }: RetryTimeQuestion): number {
    this.#refused = this.#refused * 0.5 ** ((nowMs - this.#atMs) / halfLifeMs) + 1;
    this.#atMs = nowMs;
    const behind = waiting + roll * this.#refused;
    const shortest = shortestMs * (1 + roll / 2);
    return Math.round(Math.min(longestMs * (1 - roll / 2), Math.max(shortest, (behind * 1_000) / perSecond)));
  }
}
