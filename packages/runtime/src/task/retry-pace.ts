export interface RetryPaceOptions {
  /** The upper limit of the first pause; it doubles with each further attempt. */
  readonly baseMs: number;
  readonly capMs: number;
  /** Added to every pause. */
  readonly shortestMs?: number;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
}

export interface FailedTry {
  /** From 0. */
  readonly attempt: number;
  /** The pause that the peer requested. */
  readonly retryAfterMs?: number | undefined;
  /** Replaces the cap of the pace. */
  readonly capMs?: number;
}

/** The longest pause for which the retry honors the peer's request. */
const longestRetryAfterMs = 60_000;

/** Computes the pause before a retry: full jitter, and at least as long as the peer requested. */
export class RetryPace {
  readonly #options: RetryPaceOptions;

  constructor(options: RetryPaceOptions) {
    this.#options = options;
  }

  delayMs({ attempt, retryAfterMs = 0, capMs = this.#options.capMs }: FailedTry): number {
    const { baseMs, shortestMs = 0, roll } = this.#options;
    const jitterMs = fullJitterMs({ boundMs: Math.min(capMs, baseMs * 2 ** attempt), roll: roll() });
    return Math.max(shortestMs + jitterMs, Math.min(retryAfterMs, longestRetryAfterMs));
  }
}

/** A random pause from 0 to the limit, so that clients that failed together do not retry together. */
function fullJitterMs({ boundMs, roll }: { readonly boundMs: number; readonly roll: number }): number {
  return Math.floor(roll * boundMs);
}
