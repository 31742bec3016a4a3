import { type AuthorityState, authorityOf, lastLeafEnd } from "./authority-state.ts";
import { members, next, withStage } from "./state-change.ts";
import type { StoredAuthority } from "./stored-authority.ts";

/**
 * Authorities that retire together, beside any rotation in progress: an intermediate, or a root with
 * everything under it. Clients trust them until the last leaf under them expires.
 */
export interface Retirement {
  readonly id: string;
  readonly authorities: readonly StoredAuthority[];
  readonly leavesUntil: Date;
}

export function retirementsOf(state: AuthorityState): readonly Retirement[] {
  const { rotation } = state;
  const leaving = rotation?.stage === "retiring" ? members(state, rotation.from, rotation.kind) : [];
  return state.authorities
    .filter((one) => one.stage === "retiring" && !leaving.includes(one) && !isUnderRetiringRoot(state, one))
    .map(({ id, kind }) => {
      const authorities = members(state, id, kind);
      return { id, authorities, leavesUntil: lastLeafEnd(authorities) };
    });
}

function isUnderRetiringRoot(state: AuthorityState, { kind, rootId }: StoredAuthority): boolean {
  return kind === "intermediate" && authorityOf(state, rootId).stage === "retiring";
}

export function retire(state: AuthorityState, { authorities }: Retirement, now: Date): AuthorityState {
  return next(withStage(state, authorities, "retired", now));
}

/** Retired authorities whose keys still exist, so that an operator can recall them. */
export function keptRetired({ authorities }: AuthorityState): readonly StoredAuthority[] {
  return authorities.filter(({ stage, hasKey }) => stage === "retired" && hasKey);
}

/** A shared Secret holds 1 MiB, and a pair of RSA-4096 with its state takes 10 KiB of it. */
const mostKeptKeys = 32;

/** Retired authorities whose keys are kept for long enough, or for too many others that retired later. */
export function outdatedKeys(state: AuthorityState, keepMs: number, now: Date): readonly StoredAuthority[] {
  const latestFirst = keptRetired(state).toSorted((a, b) => b.stageSince.getTime() - a.stageSince.getTime());
  return latestFirst.filter((one, index) => index >= mostKeptKeys || keyKeptUntil(one, keepMs) <= now);
}

/** The time at which the key of a retired authority may be destroyed. */
export function keyKeptUntil({ stageSince }: StoredAuthority, keepMs: number): Date {
  return new Date(stageSince.getTime() + keepMs);
}

/** Gives up the key of a retired authority: from now on it can only be destroyed. */
export function giveUpKey(state: AuthorityState, id: string): AuthorityState {
  const isMeant = (one: StoredAuthority) => one.id === id && one.stage === "retired" && one.hasKey;
  if (!state.authorities.some(isMeant)) return state;
  const authorities = state.authorities.map((one) => (isMeant(one) ? { ...one, hasKey: false } : one));
  return { ...state, authorities };
}
