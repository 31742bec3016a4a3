import { type Certificate, TrustBundle } from "@kasbah/pki";
import type { AuthorityKind, AuthorityStage, StoredAuthority } from "./stored-authority.ts";

/** A change of who signs, on its way. `from` and `to` are the ids of the authorities that sign leaves before and after it. */
export interface Rotation {
  readonly kind: AuthorityKind;
  readonly from: string;
  readonly to: string;
  readonly stage: Exclude<AuthorityStage, "retired">;
  readonly since: Date;
  /** When the last leaf ends that was issued before the stage began. */
  readonly leavesUntil: Date;
  /** It leads back: `to` is the authority that the operator returned to. */
  readonly aborted: boolean;
}

/** `starts`: none begins by itself, as after an abort. `all`: the one under way stands still, too. */
export type RotationHold = "none" | "starts" | "all";

/** All that the CA must not forget about its authorities. A value: transitions make a new one. */
export interface AuthorityState {
  /** Grows with every transition. */
  readonly epoch: number;
  readonly authorities: readonly StoredAuthority[];
  /** How many of each kind were ever made: the next one's number is one more. */
  readonly made: Readonly<Record<AuthorityKind, number>>;
  /** Signs leaves; "" before the first authority. */
  readonly signerId: string;
  /** Signs the CA's own serving certificate; follows `signerId` when the former authority retires. */
  readonly servingSignerId: string;
  readonly rotation: Rotation | undefined;
  readonly hold: RotationHold;
  /** Further roots that the operator's root-cert.pem holds. */
  readonly extraRoots: readonly Certificate[];
  /** Digest of the plugged-in set that was last taken or aborted; undefined when there was none. */
  readonly pluggedInDigest: string | undefined;
  readonly restoredAt: Date | undefined;
}

/** Before the first authority. */
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
};

const trustedStages: readonly AuthorityStage[] = ["distributed", "active", "retiring"];

/** The record of an id that the state itself names. Throws TypeError when there is none, which is a fault of ours. */
export function authorityOf(state: AuthorityState, id: string): StoredAuthority {
  const found = state.authorities.find((authority) => authority.id === id);
  if (found === undefined) throw new TypeError(`the state refers to ${id} but does not contain it`);
  return found;
}

/** The root above a signer; a root is its own. */
export function rootOf(state: AuthorityState, signerId: string): StoredAuthority {
  return authorityOf(state, authorityOf(state, signerId).rootId);
}

export function isTrusted({ stage }: StoredAuthority): boolean {
  return trustedStages.includes(stage);
}

/** Whether its key may be asked to sign, now or later; one that retires never is again. */
export function needsKey({ stage, hasKey }: StoredAuthority): boolean {
  return hasKey && (stage === "prepared" || stage === "distributed" || stage === "active");
}

/** Every root that a client must accept now, the one that signs first. */
export function trustBundleOf(state: AuthorityState): TrustBundle {
  const signing = rootOf(state, state.signerId);
  const others = state.authorities.filter((one) => one.kind === "root" && one !== signing && isTrusted(one));
  const roots = [signing, ...others].map(({ certificate }) => certificate);
  return TrustBundle.from([...roots, ...state.extraRoots]);
}

/** When the last leaf ends that any of these authorities may have issued. */
export function lastLeafEnd(authorities: readonly StoredAuthority[]): Date {
  return new Date(Math.max(0, ...authorities.map(({ leafHorizon }) => leafHorizon.getTime())));
}
