import { type Clock, ServiceRate } from "@kasbah/runtime";
import { CaError } from "../../errors.ts";
import { FairQueue, type QueueHolder } from "./fair-queue.ts";
import { RetryTime } from "./retry-time.ts";

export interface TurnsOptions {
  /** More would only make each of them slower. */
  readonly atOnce: number;
  readonly maxWaiting: number;
  /** A caller that would wait longer than this is refused at once, because it would not wait for the answer. */
  readonly patienceMs: number;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
}

/** Who asks for a turn. */
export interface TurnHolder extends QueueHolder {
  /** Whether the caller has no certificate, or one that soon expires. Asked only if there is a queue. */
  readonly isUrgent: () => boolean;
  /** Aborted when the caller no longer waits for the answer. */
  readonly signal?: AbortSignal | undefined;
}

interface Waiting {
  readonly signal: AbortSignal | undefined;
  start(): void;
  refuse(error: CaError): void;
}

/** Beyond this many callers, the CA serves no new connections. Many handshakes have begun by then. */
const behindAt = 16;
/** As many may always wait: their handshakes are done, and the first ones are slow because the code is not compiled yet. */
const fewest = 128;

/**
 * Bounds the work in progress, and orders the callers that wait for it: those without a certificate that lasts before
 * those that renew early, one of each namespace in turn. As many wait as the measured rate serves in time; the others
 * are refused at once, with a time at which they may return.
 */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #urgent: FairQueue<Waiting>;
  readonly #early: FairQueue<Waiting>;
  readonly #rate = new ServiceRate();
  readonly #retryTime = new RetryTime();
  #running = 0;

  constructor(options: TurnsOptions) {
    const { maxWaiting: max } = options;
    this.#options = options;
    this.#urgent = new FairQueue({ max, maxPerGroup: max });
    this.#early = new FairQueue({ max, maxPerGroup: max });
  }

  get waiting(): number {
    return this.#urgent.size + this.#early.size;
  }

  /**
   * Whether so many callers wait that a handshake with another one would only be wasted. One caller with many calls does
   * not count as many, or it could keep the others out.
   */
  get isBehind(): boolean {
    return this.#urgent.callers + this.#early.callers >= behindAt;
  }

  /**
   * Does the work as soon as it is the caller's turn.
   *
   * @throws CaError `OVERLOADED` if it would have to wait too long, or has left.
   */
  async run<T>(holder: TurnHolder, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#options.atOnce) this.#running += 1;
    else await this.#turn(holder);
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#rate.finished(this.#nowMs(), this.waiting > 0);
      this.#startNext();
    }
  }

  /** How long a caller that is refused now should wait. */
  retryAfterMs(): number {
    const { waiting } = this;
    const { perSecond } = this.#rate;
    return this.#retryTime.refuse({ nowMs: this.#nowMs(), waiting, perSecond, roll: this.#options.roll() });
  }

  #turn(holder: TurnHolder): Promise<void> {
    this.#rate.waits(this.#nowMs());
    return new Promise((resolve, reject) => {
      const waiting = { signal: holder.signal, start: resolve, refuse: reject };
      this.#add(waiting, holder)?.refuse(this.#overloaded());
    });
  }

  /** Returns the caller that must leave: the new one, or one that renews early, or one of a larger namespace. */
  #add(waiting: Waiting, holder: TurnHolder): Waiting | undefined {
    const room = this.#room();
    if (!holder.isUrgent()) return this.#early.add(waiting, holder, Math.max(0, room - this.#urgent.size));
    if (this.#early.size > 0 && this.waiting >= room) {
      this.#urgent.add(waiting, holder, Number.POSITIVE_INFINITY);
      return this.#early.evict();
    }
    return this.#urgent.add(waiting, holder, room);
  }

  /** How many are served in time. */
  #room(): number {
    const { maxWaiting, patienceMs } = this.#options;
    const inTime = Math.floor((this.#rate.perSecond * patienceMs) / 1_000) - this.#running;
    return Math.min(maxWaiting, Math.max(fewest, inTime));
  }

  #startNext(): void {
    while (this.#running < this.#options.atOnce) {
      const next = this.#urgent.next() ?? this.#early.next();
      if (next === undefined) return;
      if (next.signal?.aborted === true) next.refuse(left());
      else {
        this.#running += 1;
        next.start();
      }
    }
  }

  #overloaded(): CaError {
    const retryAfterMs = this.retryAfterMs();
    return new CaError("OVERLOADED", "more callers wait than the CA can serve in time", {
      fix: `retry in ${Math.ceil(retryAfterMs / 1_000)} s`,
      retryAfterMs,
    });
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}

function left(): CaError {
  return new CaError("OVERLOADED", "the caller left before its turn");
}
