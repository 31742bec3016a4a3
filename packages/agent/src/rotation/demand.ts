import type { Clock } from "@kasbah/runtime";
import type { WorkloadSecret } from "../secret/secret-store.ts";
import type { EarlyRotation, RotationFailure, RotationObserver, SecretSource } from "./rotator.ts";
import { Wake } from "./wake.ts";

/** What became of a requested rotation: the new secret, or the failure of the first attempt. */
export type RotationOutcome = { readonly secret: WorkloadSecret } | { readonly failure: RotationFailure };

/** The shortest time between two requested attempts: thousands of requests cost the CA twelve calls a minute. */
const paceMs = 5_000;

/**
 * Requests to rotate now. Requests that wait at the same time share one attempt. A request stays open until a
 * rotation succeeds, although its caller learns of the first failure.
 */
export class RotationDemand implements EarlyRotation {
  readonly #clock: Clock;
  readonly #retry: Wake;
  readonly #asked = new Wake();
  readonly #waiting = new Set<(outcome: RotationOutcome) => void>();
  #isOpen = false;
  #attemptedMs = Number.NEGATIVE_INFINITY;

  /** `retry` shortens the pause after a failure. */
  constructor(clock: Clock, retry: Wake) {
    this.#clock = clock;
    this.#retry = retry;
  }

  get next(): AbortSignal {
    return this.#asked.next;
  }

  dueInMs(): number {
    if (!this.#isOpen) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#attemptedMs + paceMs - this.#clock.monotonicMs());
  }

  /** Resolves with the outcome of the next attempt, or of the one in progress. Rejects if `signal` aborts first. */
  async request(signal: AbortSignal): Promise<RotationOutcome> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<RotationOutcome>();
    const cancel = () => reject(signal.reason);
    signal.addEventListener("abort", cancel, { once: true });
    this.#waiting.add(resolve);
    this.#isOpen = true;
    this.#asked.ring();
    if (this.dueInMs() === 0) this.#retry.ring();
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", cancel);
      this.#waiting.delete(resolve);
    }
  }

  /** A source whose attempts set the pace of requested ones. */
  watchAttempts(source: SecretSource): SecretSource {
    return {
      fetch: (signal) => {
        if (this.#isOpen) this.#attemptedMs = this.#clock.monotonicMs();
        return source.fetch(signal);
      },
    };
  }

  /** An observer that answers the requests. */
  watchOutcomes(observer: RotationObserver): RotationObserver {
    return {
      onRotated: (secret) => {
        this.#isOpen = false;
        observer.onRotated(secret);
        this.#settle({ secret });
      },
      onFailed: (failure) => {
        observer.onFailed(failure);
        this.#settle({ failure });
      },
    };
  }

  #settle(outcome: RotationOutcome): void {
    for (const resolve of this.#waiting) resolve(outcome);
    this.#waiting.clear();
  }
}
