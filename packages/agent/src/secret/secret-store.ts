import type { Certificate, KeyFormat, KeyPair, SpiffeId, TrustBundle } from "@kasbah/pki";
import type { Clock } from "@kasbah/runtime";

/**
 * One identity as it is served. A value of this type was verified: its key, chain and bundle belong together.
 */
export interface WorkloadSecret {
  readonly spiffeId: SpiffeId;
  readonly keyPair: KeyPair;
  /** The PEM format of the key, wherever it is written. */
  readonly keyFormat: KeyFormat;
  readonly leaf: Certificate;
  /** Issuers below the root, starting with the leaf's own; never a root. */
  readonly intermediates: readonly Certificate[];
  readonly bundle: TrustBundle;
  readonly receivedAt: Date;
  /** The earliest notAfter in the chain, at which peers start to reject it. */
  readonly notAfter: Date;
  /** When rotation is due. */
  readonly rotateAt: Date;
}

/**
 * `starting`: no secret yet; `stale`: still served, but rotation is overdue; `expired`: kept but no longer
 * served.
 */
export type SecretState = "starting" | "ready" | "stale" | "expired";

export const secretStates: readonly SecretState[] = ["starting", "ready", "stale", "expired"];

export type SecretListener = (secret: WorkloadSecret) => void;

/**
 * Holds the last good secret. Readers always see one complete value: `publish` swaps it and notifies every
 * subscriber, in the order of subscription, before it returns.
 */
export class SecretStore {
  readonly #clock: Clock;
  readonly #listeners = new Set<SecretListener>();
  #current: WorkloadSecret | undefined;
  #taken = { wallMs: 0, monotonicMs: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The last published secret, even if it has expired. */
  get current(): WorkloadSecret | undefined {
    return this.#current;
  }

  /** The secret that may be served now. */
  get unexpired(): WorkloadSecret | undefined {
    const state = this.state();
    return state === "ready" || state === "stale" ? this.#current : undefined;
  }

  /**
   * Returns the time for judging the current secret: the wall clock, or the monotonic time since the secret
   * arrived if that is later. Setting the wall clock back does not extend any certificate, and on a suspended
   * machine, whose monotonic clock stops, the wall clock is later.
   */
  now(): Date {
    const wallMs = this.#clock.now().getTime();
    if (this.#current === undefined) return new Date(wallMs);
    const elapsedMs = this.#clock.monotonicMs() - this.#taken.monotonicMs;
    return new Date(Math.max(wallMs, this.#taken.wallMs + elapsedMs));
  }

  /** Computed from the clocks at each call, so that a resumed process does not use an outdated state. */
  state(): SecretState {
    if (this.#current === undefined) return "starting";
    const now = this.now();
    if (now >= this.#current.notAfter) return "expired";
    return now >= this.#current.rotateAt ? "stale" : "ready";
  }

  publish(secret: WorkloadSecret): void {
    if (this.#current === undefined || !secret.leaf.equals(this.#current.leaf)) this.#takeTime();
    this.#current = Object.freeze({ ...secret });
    for (const listener of [...this.#listeners]) listener(this.#current);
  }

  /** Publishes the current secret with a new bundle; does nothing before the first secret. */
  publishBundle(bundle: TrustBundle): void {
    const current = this.#current;
    if (current !== undefined && !current.bundle.equals(bundle)) this.publish({ ...current, bundle });
  }

  #takeTime(): void {
    this.#taken = { wallMs: this.#clock.now().getTime(), monotonicMs: this.#clock.monotonicMs() };
  }

  /** Calls `listener` for each secret published from now on, until the returned function is called. */
  subscribe(listener: SecretListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
