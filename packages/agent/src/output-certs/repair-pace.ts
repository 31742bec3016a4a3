import type { Clock } from "@kasbah/runtime";

/** Files that stay right for so long end an incident. */
const quietMs = 5 * 60_000;
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
/** From this repair on, something changes the files again and again. */
const persistentFrom = 4;

/**
 * Limits how often files are repaired while another program keeps changing them: at once, then after 1 s, 2 s and so on
 * up to a minute. Repairs without five quiet minutes between them belong to one incident.
 */
export class RepairPace {
  readonly #clock: Clock;
  #times = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long the next repair has to wait. */
  get pauseMs(): number {
    if (this.times === 0) return 0;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (this.#times - 1));
    return Math.max(0, this.#lastMs + pauseMs - this.#clock.monotonicMs());
  }

  /** The repairs of the present incident; 0 if there is none. */
  get times(): number {
    if (this.#clock.monotonicMs() - this.#lastMs >= quietMs) this.#times = 0;
    return this.#times;
  }

  get isPersistent(): boolean {
    return this.times >= persistentFrom;
  }

  repaired(): void {
    this.#times = this.times + 1;
    this.#lastMs = this.#clock.monotonicMs();
  }
}
