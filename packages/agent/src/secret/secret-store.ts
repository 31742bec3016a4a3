import type { Certificate, KeyFormat, KeyPair, SpiffeId, TrustBundle } from "@kasbah/pki";
import type { Clock } from "@kasbah/runtime";

/** One identity as it is served. A value of this type was verified: its key, chain and bundle belong together. */
export interface WorkloadSecret {
  readonly spiffeId: SpiffeId;
  readonly keyPair: KeyPair;
  /** How the key is written wherever it is handed out as PEM. */
  readonly keyFormat: KeyFormat;
  readonly leaf: Certificate;
  /** Issuers below the root, the leaf's own first; never a root. */
  readonly intermediates: readonly Certificate[];
  readonly bundle: TrustBundle;
  readonly receivedAt: Date;
  /** The earliest end in the chain, which is when peers begin to refuse it. */
  readonly notAfter: Date;
  /** When rotation is due. */
  readonly rotateAt: Date;
}

/** `starting`: nothing yet; `stale`: rotation is overdue, still served; `expired`: kept, and handed to nobody new. */
export type SecretState = "starting" | "ready" | "stale" | "expired";

export const secretStates: readonly SecretState[] = ["starting", "ready", "stale", "expired"];

export type SecretListener = (secret: WorkloadSecret) => void;

/**
 * Holds the last good secret. Readers always see one whole value: publishing swaps it and then tells every
 * subscriber, in the order in which they subscribed, before `publish` returns.
 */
export class SecretStore {
  readonly #clock: Clock;
  readonly #listeners = new Set<SecretListener>();
  #current: WorkloadSecret | undefined;
  #taken = { wallMs: 0, monotonicMs: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The last secret published, expired or not. */
  get current(): WorkloadSecret | undefined {
    return this.#current;
  }

  /** The secret that may be handed out now. */
  get unexpired(): WorkloadSecret | undefined {
    const state = this.state();
    return state === "ready" || state === "stale" ? this.#current : undefined;
  }

  /**
   * The present, for the life of the current secret: what the wall clock says, or the monotonic time since the secret came,
   * whichever is further. A wall clock that is stepped back makes nothing younger; a suspended machine, whose monotonic
   * clock stood still, is caught by the other.
   */
  now(): Date {
    const wallMs = this.#clock.now().getTime();
    if (this.#current === undefined) return new Date(wallMs);
    const elapsedMs = this.#clock.monotonicMs() - this.#taken.monotonicMs;
    return new Date(Math.max(wallMs, this.#taken.wallMs + elapsedMs));
  }

  /** Derived from the clocks at each call, so that a suspended process cannot wake up believing an old answer. */
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

  /** Publishes the current secret with other roots; before the first secret there is nothing to publish. */
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
