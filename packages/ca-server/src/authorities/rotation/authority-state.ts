import { type Certificate, TrustBundle } from "@kasbah/pki";
import { type AuthorityRequests, noRequests } from "./authority-request.ts";
import type { CrossCertificate } from "./cross-certificate.ts";
import type { AuthorityKind, AuthorityStage, HorizonLeaf, StoredAuthority } from "./stored-authority.ts";

/**
 * A rotation in progress. `from` and `to` are the ids of the authorities that sign leaves before and after
 * it.
 */
export interface RotationState {
  readonly kind: AuthorityKind;
  readonly from: string;
  readonly to: string;
  readonly stage: Exclude<AuthorityStage, "retired">;
  readonly since: Date;
  /** The expiry of the last leaf that was issued before the stage began. */
  readonly leavesUntil: Date;
  /** The leaf that determined `leavesUntil`; undefined if it is unknown. */
  readonly leaf?: HorizonLeaf | undefined;
  /** After an abort the rotation leads back: `to` is the authority that signs again. */
  readonly aborted: boolean;
  /**
   * While the old root cannot certify the new one: no client that has not shown that it holds the new root has a
   * certificate that expires later. Undefined if an earlier release began the rotation.
   */
  readonly unprovenUntil?: Date;
  /** An operator has decided to go on without those clients. */
  readonly withoutProof?: boolean;
}

/**
 * `starts`: no rotation starts automatically, as after an abort. `all`: the rotation in progress does not
 * advance either.
 */
export type RotationHold = "none" | "starts" | "all";

/**
 * Everything that the CA must remember about its authorities. Immutable: each transition creates a new state.
 */
export interface AuthorityState {
  /** Increases with every transition. */
  readonly epoch: number;
  readonly authorities: readonly StoredAuthority[];
  /** How many of each kind the CA has ever created. The next number is one higher. */
  readonly made: Readonly<Record<AuthorityKind, number>>;
  /** Signs leaves; "" before the first authority exists. */
  readonly signerId: string;
  /** Signs the CA's own serving certificate. Follows `signerId` when the former authority retires. */
  readonly servingSignerId: string;
  readonly rotation: RotationState | undefined;
  readonly hold: RotationHold;
  /** The further roots in the operator's root-cert.pem. */
  readonly extraRoots: readonly Certificate[];
  /** Digest of the plugged-in set that was last adopted or aborted; undefined if there was none. */
  readonly pluggedInDigest: string | undefined;
  readonly restoredAt: Date | undefined;
  /** Bridges from older roots to newer ones, the oldest first. */
  readonly crossCertificates: readonly CrossCertificate[];
  /** Keys that wait for a certificate of the company's PKI. */
  readonly requests: AuthorityRequests;
  /** The last known heads of the ledgers, one for each replica. */
  readonly ledgers?: readonly LedgerHead[] | undefined;
}

/** The head of a ledger when it was last recorded outside the ledger. */
export interface LedgerHead {
  /** The state directory of the ledger. */
  readonly holder: string;
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  readonly time: string;
  /** The pod or the volume of the replica, which keeps its name if the state directory is replaced. */
  readonly place?: string | undefined;
  /** The first stored entry. */
  readonly first?: number | undefined;
  /** The head of the lost ledger that this one replaced. */
  readonly follows?: { readonly origin: string; readonly size: number; readonly root: string } | undefined;
  /** A loss before this ledger began, until an operator accepts it. */
  readonly loss?: { readonly time: string; readonly found: string; readonly evidence: string } | undefined;
}

/** The state before the first authority exists. */
export const emptyState: AuthorityState = {
  epoch: 0,
  authorities: [],
  made: { root: 0, intermediate: 0 },
  signerId: "",
  servingSignerId: "",
  rotation: undefined,
  hold: "none",
  extraRoots: [],
  pluggedInDigest: undefined,
  restoredAt: undefined,
  crossCertificates: [],
  requests: noRequests,
};

const trustedStages: readonly AuthorityStage[] = ["distributed", "active", "retiring"];

/**
 * Returns the authority with an id that the state itself uses. @throws TypeError if it is missing, which is a
 * bug
 */
export function authorityOf(state: AuthorityState, id: string): StoredAuthority {
  const found = state.authorities.find((authority) => authority.id === id);
  if (found === undefined) throw new TypeError(`the state refers to ${id} but does not contain it`);
  return found;
}

/** The root above a signer. A root is its own. */
export function rootOf(state: AuthorityState, signerId: string): StoredAuthority {
  return authorityOf(state, authorityOf(state, signerId).rootId);
}

/** The signer, and the signer of another root to which a rotation leads. */
export function signersInUse({ signerId, rotation }: AuthorityState): readonly [string, ...string[]] {
  const isComing = rotation?.kind === "root" && rotation.to !== signerId && !rotation.aborted;
  return isComing ? [signerId, rotation.to] : [signerId];
}

export function isTrusted({ stage }: StoredAuthority): boolean {
  return trustedStages.includes(stage);
}

/** Whether the CA may still need the authority's key to sign. A retiring authority never signs again. */
export function needsKey({ stage, hasKey }: StoredAuthority): boolean {
  return hasKey && (stage === "prepared" || stage === "distributed" || stage === "active");
}

/** Whether the authority may sign leaves. A root that has intermediates certifies only those and other roots. */
export function signsLeaves(
  { signerId, servingSignerId, rotation }: AuthorityState,
  { id, kind }: StoredAuthority,
): boolean {
  return kind === "intermediate" || [signerId, servingSignerId, rotation?.from, rotation?.to].includes(id);
}

/** Every root that clients must accept now, the active root first. */
export function trustBundleOf(state: AuthorityState): TrustBundle {
  const signing = rootOf(state, state.signerId);
  const others = state.authorities.filter((one) => one.kind === "root" && one !== signing && isTrusted(one));
  const roots = [signing, ...others].map(({ certificate }) => certificate);
  const extra = state.extraRoots.filter((root) => distrustedBy(state, [root]) === undefined);
  return TrustBundle.from([...roots, ...extra]);
}

/** The distrusted authority whose key is among these certificates; undefined if there is none. */
export function distrustedBy(
  { authorities }: Pick<AuthorityState, "authorities">,
  certificates: readonly Certificate[],
): StoredAuthority | undefined {
  return authorities.find(
    ({ distrustedAt, certificate }) =>
      distrustedAt !== undefined &&
      certificates.some(({ publicKey }) => publicKey.equals(certificate.publicKey)),
  );
}

/** The expiry of the last leaf that any of these authorities may have issued. */
export function lastLeafEnd(authorities: readonly StoredAuthority[]): Date {
  return new Date(Math.max(0, ...authorities.map(({ leafHorizon }) => leafHorizon.getTime())));
}

/** The leaf that moved the latest horizon of these authorities; undefined if it is unknown. */
export function lastLeaf(authorities: readonly StoredAuthority[]): HorizonLeaf | undefined {
  const end = lastLeafEnd(authorities).getTime();
  return authorities.find(({ leafHorizon }) => leafHorizon.getTime() === end)?.horizonLeaf;
}
