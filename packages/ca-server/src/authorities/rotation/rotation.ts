import { OperationError } from "../../errors.ts";
import type { AuthorityState, RotationState } from "./authority-state.ts";
import { addAuthorities, enter, members, newcomers, next, withdraw, withStage } from "./state-change.ts";
import type { AuthorityStage } from "./stored-authority.ts";
import type { Successor } from "./succession.ts";

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
  const known = addAuthorities(state, authorities);
  return next({ ...known, signerId: first.signerId, servingSignerId: first.signerId });
}

/** Begins the next stage. The gate decides whether it may. */
export function advance(state: AuthorityState, now: Date): AuthorityState {
  const { rotation } = state;
  if (rotation === undefined) throw new OperationError("no rotation is in progress");
  if (rotation.stage === "retiring") {
    const departing = members(state, rotation.from, rotation.kind);
    return next({ ...withStage(state, departing, "retired", now), rotation: undefined });
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
      "the former authority is already retiring: bring it back with kasbah authority recall, or rotate again",
    );
  }
  const held: AuthorityState = { ...state, hold: state.hold === "all" ? "all" : "starts" };
  const leaving = newcomers(state, rotation);
  if (rotation.stage !== "active") {
    return next({ ...withdraw(held, leaving, now), rotation: undefined });
  }
  const back = { kind: rotation.kind, from: rotation.to, to: rotation.from, aborted: true };
  const returned = { ...withStage(held, leaving, "retiring", now), signerId: rotation.from };
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
    const departing = members(state, rotation.from, rotation.kind);
    return { ...withStage(state, departing, stage, now), servingSignerId: rotation.to };
  }
  const changed = withStage(state, newcomers(state, rotation), stage, now);
  return stage === "active" ? { ...changed, signerId: rotation.to } : changed;
}
