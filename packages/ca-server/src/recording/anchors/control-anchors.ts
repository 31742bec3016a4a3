import type { AnchorStore, LedgerAnchor } from "@kasbah/ledger";
import type { AuthorityState, LedgerHead } from "../../authorities/rotation/authority-state.ts";

/** The control state, in files or in the Secret that all replicas share. */
export interface ControlState {
  readonly state: AuthorityState;
  transition(change: (state: AuthorityState) => AuthorityState): Promise<unknown>;
}

/** Pods without a durable volume leave their anchors behind. */
const maxAnchors = 32;

/** Keeps the anchor of each replica's ledger in the control state. */
export class ControlAnchors implements AnchorStore {
  readonly #volumeId: string;
  readonly #isShared: boolean;
  #control: ControlState | undefined;

  /** @param isShared whether replicas with ledgers of their own share the control state */
  constructor(volumeId: string, isShared: boolean) {
    this.#volumeId = volumeId;
    this.#isShared = isShared;
  }

  /** Must be called before the ledger starts. */
  follow(control: ControlState): void {
    this.#control = control;
  }

  /** The heads of all replicas. */
  heads(): readonly LedgerHead[] {
    return this.#control?.state.ledgers ?? [];
  }

  find(origin: string | undefined): LedgerAnchor | undefined {
    const heads = this.heads();
    const own = heads.find((head) => head.origin === origin) ?? heads.find((head) => this.#isOwn(head));
    if (own !== undefined || this.#isShared) return own;
    return heads.toSorted((one, other) => (one.time < other.time ? 1 : -1))[0];
  }

  async write(anchor: LedgerAnchor): Promise<void> {
    await this.#control?.transition((state) => {
      const others = (state.ledgers ?? []).filter(
        (head) => !this.#isOwn(head) && head.origin !== anchor.origin && this.#isShared,
      );
      const newest = others.toSorted((one, other) => (one.time < other.time ? 1 : -1));
      return { ...state, ledgers: [{ ...anchor, holder: this.#volumeId }, ...newest].slice(0, maxAnchors) };
    });
  }

  /** In a shared state, another replica may have issued it. */
  lastIssued(): string | undefined {
    if (this.#isShared) return undefined;
    const leaf = this.#control?.state.authorities.find(
      ({ horizonLeaf }) => horizonLeaf !== undefined,
    )?.horizonLeaf;
    return leaf && `this CA issued certificates, such as ${leaf.serial} to ${leaf.spiffeId}`;
  }

  #isOwn({ holder }: LedgerHead): boolean {
    return holder === this.#volumeId;
  }
}
