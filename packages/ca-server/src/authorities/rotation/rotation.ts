import { OperationError } from "../../errors.ts";
import { type AuthorityState, authorityOf, lastLeafEnd, type Rotation } from "./authority-state.ts";
import type { AuthorityKind, AuthorityStage, StoredAuthority } from "./stored-authority.ts";

/** New authorities, made durable, that are to take over. */
export interface Successor {
  readonly kind: AuthorityKind;
  /** A root with its intermediate, a root alone, or an intermediate under the root that signs already. */
  readonly authorities: readonly StoredAuthority[];
  /** The one of them, or the known root, that will sign leaves. */
  readonly signerId: string;
}

const followingStage = { prepared: "distributed", distributed: "active", active: "retiring" } as const;

/**
 * The life of authorities as a pure state machine: prepared → distributed → active → retiring → retired. Every function
 * takes a state and gives the next one, with a greater epoch; whoever calls makes it durable before acting on it.
 */

/** The first authority of a state directory: nobody was issued anything, so nothing has to be staged. */
export function establish(state: AuthorityState, first: Successor): AuthorityState {
  if (state.authorities.length > 0) throw new OperationError("this CA already has an authority");
  const authorities = first.authorities.map((authority) => ({ ...authority, stage: "active" as const }));
  const known = withAuthorities(state, authorities);
  return next({ ...known, signerId: first.signerId, servingSignerId: first.signerId });
}

/** Begins a rotation: its authorities exist and nobody knows them yet. @throws OperationError unless {@link requireIdle} */
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

/** @throws OperationError when a rotation is under way, or all are paused. */
export function requireIdle(state: AuthorityState): void {
  const { rotation, hold } = state;
  if (rotation !== undefined) {
    const to = rotation.kind === "root" ? authorityOf(state, rotation.to).rootId : rotation.to;
    throw new OperationError(`a rotation to ${to} is in progress: wait until it completes, or abort it`);
  }
  if (hold === "all") throw new OperationError("rotations are paused: resume them first");
}

/** Begins the next stage. Whether it may is the gate's to say. */
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
 * Goes back to the authority that signed before. Once the new one has signed, its leaves are out: it then retires in
 * its turn, trusted until the last of them has ended. No other rotation starts by itself until the operator resumes.
 *
 * @throws OperationError from `retiring` on: the former authority has promised to sign no more.
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

/** Lets rotations start and advance by themselves again. */
export function resumeRotations(state: AuthorityState): AuthorityState {
  return state.hold === "none" ? state : next({ ...state, hold: "none" });
}

/** What the beginning of a stage changes for the authorities. */
function take(state: AuthorityState, rotation: Rotation, stage: AuthorityStage, now: Date): AuthorityState {
  if (stage === "retiring") {
    return { ...withStage(state, departing(state, rotation), stage, now), servingSignerId: rotation.to };
  }
  const changed = withStage(state, members(state, rotation.to, rotation.kind), stage, now);
  return stage === "active" ? { ...changed, signerId: rotation.to } : changed;
}

function enter(
  state: AuthorityState,
  rotation: Omit<Rotation, "stage" | "since" | "leavesUntil">,
  stage: Rotation["stage"],
  now: Date,
): AuthorityState {
  return {
    ...state,
    rotation: { ...rotation, stage, since: now, leavesUntil: lastLeafEnd(state.authorities) },
  };
}

/**
 * Which authorities go with a signer: with a root all that is under it, in a change of intermediates the intermediate
 * alone, and none where the root itself had signed.
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

function departing(state: AuthorityState, { from, kind }: Rotation): readonly StoredAuthority[] {
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

/** The state stays small over decades: of the retired only the latest are remembered. */
function forgetOld(authorities: readonly StoredAuthority[]): readonly StoredAuthority[] {
  const retired = authorities.filter(({ stage }) => stage === "retired");
  const inUse = new Set(authorities.filter(({ stage }) => stage !== "retired").map(({ rootId }) => rootId));
  const forgotten = new Set(retired.slice(0, -rememberedRetired).filter(({ id }) => !inUse.has(id)));
  return forgotten.size === 0 ? authorities : authorities.filter((one) => !forgotten.has(one));
}

/** 3 of `root-3`. */
export function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf("-") + 1));
}

function next(state: AuthorityState): AuthorityState {
  return { ...state, epoch: state.epoch + 1 };
}
