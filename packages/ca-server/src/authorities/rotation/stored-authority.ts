import type { Certificate } from "@kasbah/pki";

export type AuthorityKind = "root" | "intermediate";

/** `self-signed`: created by the CA; `plugged-in`: provided by the operator. */
export type AuthorityOrigin = "self-signed" | "plugged-in";

/** The stages of an authority's life cycle, in order. Only a recall brings an authority back. */
export type AuthorityStage = "prepared" | "distributed" | "active" | "retiring" | "retired";

/** A leaf by the names under which an operator finds its holder. */
export interface HorizonLeaf {
  readonly spiffeId: string;
  readonly serial: string;
  readonly notAfter: Date;
}

/** An authority in the control state. The vault stores its key under its id. */
export interface StoredAuthority {
  /** Such as `root-1` or `intermediate-3`: each state directory has one counter for each kind. */
  readonly id: string;
  readonly kind: AuthorityKind;
  readonly origin: AuthorityOrigin;
  /** Id of the root above an intermediate. */
  readonly rootId: string;
  readonly certificate: Certificate;
  /** The certificates between it and its root, its own issuer first. Empty except for plugged-in chains. */
  readonly chain: readonly Certificate[];
  /**
   * Whether the CA holds its key. It has no key of the root above a plugged-in intermediate, and none of a
   * retired authority once that key has been destroyed.
   */
  readonly hasKey: boolean;
  readonly stage: AuthorityStage;
  readonly stageSince: Date;
  /** The start of its use, from which its lifetime counts, because notBefore is backdated. */
  readonly createdAt: Date;
  /** No leaf under it expires later. The horizon is durable before a leaf with a later expiry is issued. */
  readonly leafHorizon: Date;
  /** The leaf that moved the horizon last; undefined if it is unknown, as after a loss of state. */
  readonly horizonLeaf?: HorizonLeaf | undefined;
  /** When an operator declared its key compromised. Nothing under it is trusted since. */
  readonly distrustedAt?: Date | undefined;
  /** Whether its certificate was signed for a CSR of the CA, so the CA asks the operator for the next one. */
  readonly byRequest?: boolean;
}
