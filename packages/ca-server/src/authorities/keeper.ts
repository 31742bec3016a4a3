import type { Certificate, TrustBundle } from "@kasbah/pki";
import { type Clock, type Logger, type Sweep, storageFailure } from "@kasbah/runtime";
import { CaError, StateError } from "../errors.ts";
import type { Issuer, IssuerSource, ServingIssuer } from "../issuance/ports.ts";
import { StateTrouble } from "../store/state-trouble.ts";
import { createIssuerSet, type IssuerSet } from "./issuer-set.ts";
import type { AuthorityKeys } from "./keys/authority-keys.ts";
import { type AuthorityState, distrustedBy, needsKey, signsLeaves } from "./rotation/authority-state.ts";
import { coverLeaf, isCovered, type LeafName } from "./rotation/leaf-horizon.ts";
import type { StateStore } from "./state-store.ts";

export interface AuthorityKeeperDeps {
  readonly store: StateStore<AuthorityState>;
  readonly keys: AuthorityKeys;
  /** When to look whether a state that could not be written can be written again. */
  readonly stateSweep?: Sweep;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Called with each transition after it is durable and in effect. */
export type TransitionListener = (state: AuthorityState, before: AuthorityState) => void;

/**
 * The current authorities. A transition is durable before anything acts on it: the store changes its memory
 * after its disk, and issuers and trust bundle are derived from that memory alone.
 */
export class AuthorityKeeper implements IssuerSource {
  readonly #deps: AuthorityKeeperDeps;
  /** Whether the state can be written. */
  readonly stateTrouble: StateTrouble;
  readonly #listeners: TransitionListener[] = [];
  #set: { readonly state: AuthorityState; readonly issuers: IssuerSet } | undefined;

  constructor(deps: AuthorityKeeperDeps) {
    this.#deps = deps;
    const { store, stateSweep: sweep = () => ({ stop: () => undefined }), logger } = deps;
    this.stateTrouble = new StateTrouble({
      rewrite: () => store.update((state) => ({ ...state })),
      sweep,
      logger,
    });
  }

  get state(): AuthorityState {
    return this.#deps.store.current;
  }

  onTransition(listener: TransitionListener): void {
    this.#listeners.push(listener);
  }

  /**
   * Makes a transition durable, then lets it take effect. `change` may return the current state unchanged.
   * @throws StateError `STATE_NOT_DURABLE`, which leaves the current state unchanged; and any error of
   * `change`
   */
  async transition(change: (state: AuthorityState) => AuthorityState): Promise<AuthorityState> {
    let before: AuthorityState | undefined;
    const after = await this.#write((state) => {
      before = state;
      return change(state);
    });
    if (before !== undefined && before.epoch !== after.epoch) this.#announce(after, before);
    return after;
  }

  async #write(change: (state: AuthorityState) => AuthorityState): Promise<AuthorityState> {
    try {
      return await this.#deps.store.update(change);
    } catch (error) {
      const isUnwritten = error instanceof StateError && error.code === "STATE_NOT_DURABLE";
      if (isUnwritten) this.stateTrouble.transitionFailed(error);
      throw error;
    }
  }

  activeIssuer(now: Date): Issuer {
    return this.#issuers.activeIssuer(now);
  }

  servingIssuer(now: Date): ServingIssuer {
    return this.#issuers.servingIssuer(now);
  }

  trustBundle(): TrustBundle {
    return this.#issuers.trustBundle;
  }

  knownChains(): readonly (readonly Certificate[])[] {
    return this.#issuers.chains;
  }

  async coverLeaf({ authorityId }: Issuer, leafEnd: Date, leaf?: LeafName): Promise<void> {
    if (isCovered(this.state, authorityId, leafEnd)) return;
    const now = this.#deps.clock.now();
    try {
      await this.#deps.store.update((state) => coverLeaf(state, authorityId, leafEnd, now, leaf));
      this.stateTrouble.succeeded();
    } catch (cause) {
      this.stateTrouble.failed(cause);
      const reason = storageFailure(cause);
      throw new CaError(
        "LEDGER_UNAVAILABLE",
        `cannot save the latest expiry of the issued certificates: ${reason}`,
        { cause },
      );
    }
  }

  /** Notifies the listeners of a state that another replica has made durable. */
  noticed(state: AuthorityState, before: AuthorityState): void {
    if (before.epoch !== state.epoch) this.#announce(state, before);
  }

  /** Whether a certificate has the key of a distrusted authority. */
  isDistrusted(certificate: Certificate): boolean {
    return distrustedBy(this.state, [certificate]) !== undefined;
  }

  /**
   * Destroys the keys of distrusted authorities, even if keys of retired ones are kept. The next call completes
   * what a crash interrupted.
   */
  async destroyDistrustedKeys(): Promise<void> {
    const { keys, logger } = this.#deps;
    for (const { id, distrustedAt } of this.state.authorities) {
      if (distrustedAt === undefined) continue;
      if (await keys.destroy(id))
        logger.warn("destroyed the key of a distrusted authority", { authority: id });
    }
  }

  /** A root stops signing leaves when its first intermediate is in use. */
  #unloadCertifiers(state: AuthorityState): void {
    const { keys } = this.#deps;
    for (const one of state.authorities) {
      if (needsKey(one) && !signsLeaves(state, one)) keys.unload(one.id);
    }
  }

  get #issuers(): IssuerSet {
    const { state } = this;
    if (this.#set?.state !== state) {
      this.#set = { state, issuers: createIssuerSet(state, this.#deps.keys) };
    }
    return this.#set.issuers;
  }

  #announce(state: AuthorityState, before: AuthorityState): void {
    this.#unloadCertifiers(state);
    for (const listener of this.#listeners) listener(state, before);
  }
}
