import type { AnchorStore, LedgerAnchor } from "@kasbah/ledger";
import type { AuthorityState, LedgerHead } from "../../authorities/rotation/authority-state.ts";
import { type LedgerHome, ownHeadOf } from "./own-head.ts";

/** The control state, in files or in the Secret that all replicas share. */
export interface ControlState {
  readonly state: AuthorityState;
  transition(change: (state: AuthorityState) => AuthorityState): Promise<unknown>;
}

/** Pods without a durable volume leave their anchors behind. */
const maxAnchors = 32;

/** Keeps the anchor of each replica's ledger in the control state. */
export class ControlAnchors implements AnchorStore {
  readonly #home: LedgerHome;
  #control: ControlState | undefined;

  constructor(home: LedgerHome) {
    this.#home = home;
  }

  /** Must be called before the ledger starts. */
  follow(control: ControlState): void {
    this.#control = control;
  }

  /** The heads of all replicas. */
  heads(): readonly LedgerHead[] {
    return this.#control?.state.ledgers ?? [];
  }

  /** The heads of the other replicas. */
  others(): readonly LedgerHead[] {
    return this.#home.isShared ? this.heads().filter((head) => !this.#isOwn(head)) : [];
  }

  find(origin: string | undefined): LedgerAnchor | undefined {
    return ownHeadOf(this.heads(), origin, this.#home);
  }

  async write(anchor: LedgerAnchor): Promise<void> {
    const { volumeId, place } = this.#home;
    const own = { ...anchor, holder: volumeId, ...(place === undefined ? {} : { place }) };
    await this.#control?.transition((state) => {
      const others = (state.ledgers ?? []).filter(
        (head) => this.#home.isShared && !this.#isOwn(head) && head.origin !== anchor.origin,
      );
      const newest = others.toSorted((one, other) => (one.time < other.time ? 1 : -1));
      return { ...state, ledgers: [own, ...newest].slice(0, maxAnchors) };
    });
  }

  /** In a shared state, another replica may have issued it. */
  lastIssued(): string | undefined {
    if (this.#home.isShared) return undefined;
    const leaf = this.#control?.state.authorities.find(
      ({ horizonLeaf }) => horizonLeaf !== undefined,
    )?.horizonLeaf;
    return leaf && `this CA issued certificates, such as ${leaf.serial} to ${leaf.spiffeId}`;
  }

  #isOwn({ holder, place }: LedgerHead): boolean {
    const { volumeId, place: own } = this.#home;
    return holder === volumeId || (place !== undefined && place === own);
  }
}
