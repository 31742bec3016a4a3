import type { Certificate } from "@kasbah/pki";

export type AuthorityKind = "root" | "intermediate";

/** `self-signed`: we made it; `plugged-in`: the operator did. */
export type AuthorityOrigin = "self-signed" | "plugged-in";

/** Where an authority is in its life; it goes from left to right and never back. */
export type AuthorityStage = "prepared" | "distributed" | "active" | "retiring" | "retired";

/** An authority as the control state knows it. Its key lies in the directory of its id. */
export interface StoredAuthority {
  /** `root-1`, `intermediate-3`: one counter for each state directory. */
  readonly id: string;
  readonly kind: AuthorityKind;
  readonly origin: AuthorityOrigin;
  /** Id of the root that an intermediate is under. */
  readonly rootId: string;
  readonly certificate: Certificate;
  /** What stands between it and its root, its own issuer first; empty but for plugged-in chains. */
  readonly chain: readonly Certificate[];
  /** Whether its key is here: the root of a plugged-in intermediate has none. */
  readonly hasKey: boolean;
  readonly stage: AuthorityStage;
  readonly stageSince: Date;
  /** When its use began; its life is counted from here, since its notBefore is back-dated. */
  readonly createdAt: Date;
  /** No leaf under it ends later. Made durable before a leaf that ends later is issued. */
  readonly leafHorizon: Date;
}
