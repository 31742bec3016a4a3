import type { AuthorityState, RotationState } from "../authority-state.ts";
import type { Retirement } from "../retirement.ts";
import { keptRetired, retirementsOf } from "../retirement.ts";
import { type GateAnswer, type RotationGate, waitsForLeaves } from "./rotation-gate.ts";

export interface StageGuardOptions {
  readonly gate: RotationGate;
  /** The reason why nothing irreversible may happen now, such as a clock in doubt. */
  readonly holds: () => string | undefined;
  /** The minimum duration of a stage in boot time, independent of the wall clock. */
  readonly minStageMs: number;
  readonly bootMs: () => number;
}

/**
 * A gate that does not believe the wall clock alone: a stage also lasts a minimum of boot time, counted from
 * the moment when this process first saw it, and nothing advances while something holds.
 */
export class StageGuard implements RotationGate {
  readonly #options: StageGuardOptions;
  #firstSeenMs: ReadonlyMap<string, number> = new Map();
  #isWatching = false;

  constructor(options: StageGuardOptions) {
    this.#options = options;
  }

  /**
   * Notes what waits in a state, and what else waits, by id. The caller notes every state before it asks about
   * it.
   */
  observe(state: AuthorityState, others: readonly string[] = []): void {
    const nowMs = this.#options.bootMs();
    const waiting = [...waitingIn(state), ...others];
    this.#firstSeenMs = new Map(waiting.map((one) => [one, this.#firstSeenMs.get(one) ?? nowMs]));
    this.#isWatching = true;
  }

  /** After the loss of leadership, everything counts again from the start. */
  forget(): void {
    this.#firstSeenMs = new Map();
    this.#isWatching = false;
  }

  mayAdvance(state: AuthorityState, rotation: RotationState, now: Date): GateAnswer {
    const answer = this.#options.gate.mayAdvance(state, rotation, now);
    return waitsForLeaves(rotation) ? this.#guarded(answer, keyOf(rotation), now) : this.#held(answer);
  }

  mayRetire(retirement: Retirement, now: Date): GateAnswer {
    return this.#guarded(this.#options.gate.mayRetire(retirement, now), retirement.id, now);
  }

  /** Whether something that waits, by its id, has waited long enough. */
  mayHappen(id: string, now: Date): GateAnswer {
    return this.#guarded({ open: true, reason: "nothing holds it" }, id, now);
  }

  #guarded(answer: GateAnswer, key: string, now: Date): GateAnswer {
    const held = this.#held(answer);
    // Another process leads, and counts.
    if (!held.open || !this.#isWatching) return held;
    const { minStageMs, bootMs } = this.#options;
    const nowMs = bootMs();
    const leftMs = (this.#firstSeenMs.get(key) ?? nowMs) + minStageMs - nowMs;
    if (leftMs <= 0) return held;
    const seconds = Math.ceil(leftMs / 1000);
    const reason = `every stage lasts at least --min-stage: ${seconds} s are left`;
    return { open: false, reason, earliest: new Date(now.getTime() + leftMs) };
  }

  #held(answer: GateAnswer): GateAnswer {
    const held = this.#options.holds();
    return held === undefined ? answer : { open: false, reason: held };
  }
}

function waitingIn(state: AuthorityState): readonly string[] {
  const { rotation } = state;
  const others = [...retirementsOf(state), ...keptRetired(state)].map(({ id }) => id);
  return rotation === undefined ? others : [keyOf(rotation), ...others];
}

function keyOf({ from, to, stage, since }: RotationState): string {
  return `${from} ${to} ${stage} ${since.getTime()}`;
}
