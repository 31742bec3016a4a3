import { OperationError } from "../../errors.ts";
import { type AuthorityState, authorityOf, lastLeafEnd, type RotationState } from "./authority-state.ts";
import type { AuthorityKind, AuthorityStage, StoredAuthority } from "./stored-authority.ts";

/** New, durable authorities that will take over. */
export interface Successor {
  readonly kind: AuthorityKind;
  /** A root with its intermediate, a root alone, or an intermediate under the active root. */
  readonly authorities: readonly StoredAuthority[];
  /** The new authority, or the existing root, that will sign leaves. */
  readonly signerId: string;
}

const followingStage = { prepared: "distributed", distributed: "active", active: "retiring" } as const;

/**
 * The life cycle of authorities as a pure state machine: prepared → distributed → active → retiring →
 * retired. Every function takes a state and returns the next one with a greater epoch. The caller makes it
 * durable before acting on it.
 */

/** Adds the first authority of a state directory. No leaf exists yet, so it becomes active without stages. */
export function establish(state: AuthorityState, first: Successor): AuthorityState {
  if (state.authorities.length > 0) throw new OperationError("this CA already has an authority");
  const authorities = first.authorities.map((authority) => ({ ...authority, stage: "active" as const }));
  const known = withAuthorities(state, authorities);
  return next({ ...known, signerId: first.signerId, servingSignerId: first.signerId });
}

/**
 * Begins a rotation: its authorities exist, but no client trusts them yet. @throws OperationError unless
 * {@link requireIdle}
 */
export function prepare(
  state: AuthorityState,
  { kind, authorities, signerId }: Successor,
  now: Date,
): AuthorityState {
  requireIdle(state);
  const known = withAuthorities(state, authorities);
  const rotation = { kind, from: state.signerId, to: signerId, aborted: false };
  return next(enter({ ...known, hold: "none" }, rotation, "prepared", now));
}

/** @throws OperationError if a rotation is in progress or all rotations are paused */
export function requireIdle(state: AuthorityState): void {
  const { rotation, hold } = state;
  if (rotation !== undefined) {
    const to = rotation.kind === "root" ? authorityOf(state, rotation.to).rootId : rotation.to;
    throw new OperationError(`a rotation to ${to} is in progress: wait until it completes, or abort it`);
  }
  if (hold === "all") throw new OperationError("rotations are paused: resume them first");
}

/** Begins the next stage. The gate decides whether it may. */
export function advance(state: AuthorityState, now: Date): AuthorityState {
  const { rotation } = state;
  if (rotation === undefined) throw new OperationError("no rotation is in progress");
  if (rotation.stage === "retiring") {
    return next({ ...withStage(state, departing(state, rotation), "retired", now), rotation: undefined });
  }
  const stage = followingStage[rotation.stage];
  return next(enter(take(state, rotation, stage, now), rotation, stage, now));
}

/**
 * Returns to the previous signer. If the new one has already signed, it retires, trusted until its last leaf
 * expires. No rotation starts automatically until the operator resumes rotations.
 * @throws OperationError from stage `retiring` on, because the former authority must not sign again
 */
export function abort(state: AuthorityState, now: Date): AuthorityState {
  const { rotation } = state;
  if (rotation === undefined) throw new OperationError("no rotation is in progress");
  if (rotation.stage === "retiring") {
    throw new OperationError(
      "the former authority is already retiring: start another rotation to replace the new one",
    );
  }
  const held: AuthorityState = { ...state, hold: state.hold === "all" ? "all" : "starts" };
  const newcomers = members(state, rotation.to, rotation.kind);
  if (rotation.stage !== "active") {
    return next({ ...withStage(held, newcomers, "retired", now), rotation: undefined });
  }
  const back = { kind: rotation.kind, from: rotation.to, to: rotation.from, aborted: true };
  const returned = { ...withStage(held, newcomers, "retiring", now), signerId: rotation.from };
  return next(enter(returned, back, "retiring", now));
}

export function pauseRotations(state: AuthorityState): AuthorityState {
  return state.hold === "all" ? state : next({ ...state, hold: "all" });
}

/** Lets rotations start and advance automatically again. */
export function resumeRotations(state: AuthorityState): AuthorityState {
  return state.hold === "none" ? state : next({ ...state, hold: "none" });
}

/** Applies the effects of a beginning stage to the authorities. */
function take(
  state: AuthorityState,
  rotation: RotationState,
  stage: AuthorityStage,
  now: Date,
): AuthorityState {
  if (stage === "retiring") {
    return { ...withStage(state, departing(state, rotation), stage, now), servingSignerId: rotation.to };
  }
  const changed = withStage(state, members(state, rotation.to, rotation.kind), stage, now);
  return stage === "active" ? { ...changed, signerId: rotation.to } : changed;
}

function enter(
  state: AuthorityState,
  rotation: Omit<RotationState, "stage" | "since" | "leavesUntil">,
  stage: RotationState["stage"],
  now: Date,
): AuthorityState {
  return {
    ...state,
    rotation: { ...rotation, stage, since: now, leavesUntil: lastLeafEnd(state.authorities) },
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

function departing(state: AuthorityState, { from, kind }: RotationState): readonly StoredAuthority[] {
  return members(state, from, kind);
}

function withStage(
  state: AuthorityState,
  changing: readonly StoredAuthority[],
  stage: AuthorityStage,
  now: Date,
): AuthorityState {
  const authorities = state.authorities.map((one) =>
    changing.includes(one) ? { ...one, stage, stageSince: now } : one,
  );
  return { ...state, authorities: forgetOld(authorities) };
}

function withAuthorities(state: AuthorityState, authorities: readonly StoredAuthority[]): AuthorityState {
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

/** Keeps the state small over decades: only the latest retired authorities stay in it. */
function forgetOld(authorities: readonly StoredAuthority[]): readonly StoredAuthority[] {
  const retired = authorities.filter(({ stage }) => stage === "retired");
  const inUse = new Set(authorities.filter(({ stage }) => stage !== "retired").map(({ rootId }) => rootId));
  const forgotten = new Set(retired.slice(0, -rememberedRetired).filter(({ id }) => !inUse.has(id)));
  return forgotten.size === 0 ? authorities : authorities.filter((one) => !forgotten.has(one));
}

/** Returns the number in an id, such as 3 for `root-3`. */
function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf("-") + 1));
}

function next(state: AuthorityState): AuthorityState {
  return { ...state, epoch: state.epoch + 1 };
}
