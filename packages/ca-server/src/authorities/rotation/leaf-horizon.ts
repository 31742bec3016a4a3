import type { AuthorityState } from "./authority-state.ts";

/** How far beyond a leaf's end its authority's horizon is moved, of the leaf's remaining life: eight writes in a day of day-long leaves. */
const slackShare = 1 / 8;

/** The state in which leaves of an authority may live until `leafEnd`; the same state when they may already. */
export function coverLeaf(state: AuthorityState, id: string, leafEnd: Date, now: Date): AuthorityState {
  if (isCovered(state, id, leafEnd)) return state;
  const slackMs = (leafEnd.getTime() - now.getTime()) * slackShare;
  const leafHorizon = new Date(leafEnd.getTime() + slackMs);
  return {
    ...state,
    authorities: state.authorities.map((one) => (one.id === id ? { ...one, leafHorizon } : one)),
  };
}

/** Whether it is on record that leaves of an authority may live until `leafEnd`. */
export function isCovered(state: AuthorityState, id: string, leafEnd: Date): boolean {
  return state.authorities.some((one) => one.id === id && one.leafHorizon >= leafEnd);
}

/** More transitions than can have been lost, so that no epoch means two states. */
const lostEpochs = 1000;

/**
 * After state was lost nobody knows what was issued since: every authority may have leaves of the longest life, and the
 * stage of a rotation may have begun after them.
 */
export function coverUnknownLeaves(state: AuthorityState, now: Date, maxTtlMs: number): AuthorityState {
  const end = new Date(now.getTime() + maxTtlMs);
  const later = (date: Date) => (date >= end ? date : end);
  const authorities = state.authorities.map((one) =>
    one.stage === "retired" ? one : { ...one, leafHorizon: later(one.leafHorizon) },
  );
  const { rotation } = state;
  const waiting = rotation && { ...rotation, leavesUntil: later(rotation.leavesUntil) };
  return { ...state, epoch: state.epoch + lostEpochs, authorities, rotation: waiting };
}
