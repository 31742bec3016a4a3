/** The time between two beats. */
export const beatEveryMs = 2_000;
/** A worker that has missed so many beats gets no new connections. */
const missedByBusy = 2;
/** 30 s: far longer than a worker computes at a time, however little CPU it gets. */
const missedByHung = 15;
/** 2 min: before it serves, a worker loads its code, which takes long if the CPU is throttled. */
const missedByHungStart = 60;

/**
 * Whether a worker still answers. It counts beats and not time: a machine or main process that was suspended must not
 * conclude that its workers hang.
 */
export class Pulse {
  #missed = 0;

  /** The worker has sent something. */
  heard(): void {
    this.#missed = 0;
  }

  /** One more beat without an answer. */
  beat(): void {
    this.#missed += 1;
  }

  get isBusy(): boolean {
    return this.#missed > missedByBusy;
  }

  isHung(isServing: boolean): boolean {
    return this.#missed > (isServing ? missedByHung : missedByHungStart);
  }
}
