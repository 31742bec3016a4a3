import type { AuthorityState } from "./authority-state.ts";
import type { HorizonLeaf } from "./stored-authority.ts";

/** The name and the serial of a leaf that is about to be signed. */
export type LeafName = Pick<HorizonLeaf, "spiffeId" | "serial">;

/**
 * How far the horizon moves beyond a leaf's expiry, as a share of the leaf's remaining lifetime. A day of
 * day-long leaves takes eight writes.
 */
const slackShare = 1 / 8;

/**
 * Returns a state that permits leaves of an authority to be valid until `leafEnd`; the same state if it
 * already does. It remembers the leaf that moved the horizon, so that an operator can find what a gate waits for.
 */
export function coverLeaf(
  state: AuthorityState,
  id: string,
  leafEnd: Date,
  now: Date,
  leaf?: LeafName,
): AuthorityState {
  if (isCovered(state, id, leafEnd)) return state;
  const horizonLeaf = leaf && { ...leaf, notAfter: leafEnd };
  const slackMs = (leafEnd.getTime() - now.getTime()) * slackShare;
  const leafHorizon = new Date(leafEnd.getTime() + slackMs);
  return {
    ...state,
    authorities: state.authorities.map((one) => (one.id === id ? { ...one, leafHorizon, horizonLeaf } : one)),
  };
}

/** Whether the state permits leaves of an authority to be valid until `leafEnd`. */
export function isCovered(state: AuthorityState, id: string, leafEnd: Date): boolean {
  return state.authorities.some((one) => one.id === id && one.leafHorizon >= leafEnd);
}

/** More than the transitions that can be lost, so that no epoch denotes two states. */
const lostEpochs = 1000;

/**
 * After a loss of state the CA does not know which leaves it has issued since. Every authority may have
 * issued leaves of the longest lifetime, even before the current stage of a rotation began.
 */
export function coverUnknownLeaves(state: AuthorityState, now: Date, maxTtlMs: number): AuthorityState {
  const end = new Date(now.getTime() + maxTtlMs);
  const isKnown = (date: Date) => date >= end;
  const authorities = state.authorities.map((one) =>
    one.stage === "retired" || isKnown(one.leafHorizon)
      ? one
      : { ...one, leafHorizon: end, horizonLeaf: undefined },
  );
  const { rotation } = state;
  const waiting =
    rotation === undefined || isKnown(rotation.leavesUntil)
      ? rotation
      : { ...rotation, leavesUntil: end, leaf: undefined };
  const unproven = waiting?.unprovenUntil;
  const covered =
    waiting === undefined || unproven === undefined || isKnown(unproven)
      ? waiting
      : { ...waiting, unprovenUntil: end };
  return { ...state, epoch: state.epoch + lostEpochs, authorities, rotation: covered };
}
