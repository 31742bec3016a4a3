import type { AuthorityState, RotationState } from "./authority-state.ts";
import { authorityOf, lastLeaf, lastLeafEnd } from "./authority-state.ts";
import type { AuthorityKind, AuthorityStage, StoredAuthority } from "./stored-authority.ts";

/** The steps from which every transition is composed. None of them increases the epoch but {@link next}. */

export function next(state: AuthorityState): AuthorityState {
  return { ...state, epoch: state.epoch + 1 };
}

/** Begins a stage of a rotation. */
export function enter(
  state: AuthorityState,
  rotation: Omit<RotationState, "stage" | "since" | "leavesUntil" | "leaf">,
  stage: RotationState["stage"],
  now: Date,
): AuthorityState {
  return {
    ...state,
    rotation: {
      ...rotation,
      stage,
      since: now,
      leavesUntil: lastLeafEnd(state.authorities),
      leaf: lastLeaf(state.authorities),
    },
  };
}

/**
 * Returns the authorities that rotate together with a signer: for a root, everything under it; for an
 * intermediate, that one alone; none if the root itself signed.
 */
export function members(
  state: AuthorityState,
  signerId: string,
  kind: AuthorityKind,
): readonly StoredAuthority[] {
  const signer = authorityOf(state, signerId);
  if (kind === "intermediate") return signer.kind === "intermediate" ? [signer] : [];
  return state.authorities.filter((one) => one.rootId === signer.rootId && one.stage !== "retired");
}

/** The authorities that advance with the rotation. Others under the same root may be retiring meanwhile. */
export function newcomers(
  state: AuthorityState,
  { to, kind, stage }: RotationState,
): readonly StoredAuthority[] {
  return members(state, to, kind).filter((one) => one.stage === stage);
}

export function withStage(
  state: AuthorityState,
  changing: readonly StoredAuthority[],
  stage: AuthorityStage,
  now: Date,
): AuthorityState {
  const authorities = state.authorities.map((one) =>
    changing.includes(one) && one.stage !== stage ? { ...one, stage, stageSince: now } : one,
  );
  return { ...state, authorities: forgetOld(authorities) };
}

/** Takes authorities out of use. Those that may have valid leaves stay trusted until the last one expires. */
export function withdraw(
  state: AuthorityState,
  leaving: readonly StoredAuthority[],
  now: Date,
): AuthorityState {
  return withStage(state, leaving, lastLeafEnd(leaving) > now ? "retiring" : "retired", now);
}

export function addAuthorities(
  state: AuthorityState,
  authorities: readonly StoredAuthority[],
): AuthorityState {
  const count = (kind: AuthorityKind) =>
    Math.max(
      state.made[kind],
      ...authorities.filter((one) => one.kind === kind).map(({ id }) => numberOf(id)),
    );
  return {
    ...state,
    authorities: [...state.authorities, ...authorities],
    made: { root: count("root"), intermediate: count("intermediate") },
  };
}

const rememberedRetired = 20;

/**
 * Keeps the state small over decades: of the retired authorities without a key, only the latest stay in it.
 * An authority with a key can be recalled, and its key must be destroyed one day, so it is never forgotten.
 */
function forgetOld(authorities: readonly StoredAuthority[]): readonly StoredAuthority[] {
  const gone = authorities.filter(isForgettable);
  const needed = new Set(authorities.filter((one) => !isForgettable(one)).map(({ rootId }) => rootId));
  const forgotten = new Set(gone.slice(0, -rememberedRetired).filter(({ id }) => !needed.has(id)));
  return forgotten.size === 0 ? authorities : authorities.filter((one) => !forgotten.has(one));
}

/** A distrusted key is never forgotten, because its certificate could be plugged in again. */
function isForgettable({ stage, hasKey, distrustedAt }: StoredAuthority): boolean {
  return stage === "retired" && !hasKey && distrustedAt === undefined;
}

/** Returns the number in an id, such as 3 for `root-3`. */
function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf("-") + 1));
}
