import { type AuthorityState, rootOf } from "../rotation/authority-state.ts";
import type { StoredAuthority } from "../rotation/stored-authority.ts";
import { bridges } from "./cross-chain.ts";
import { crossObstacle } from "./obstacle.ts";

/** The roots of a rotation in progress whose clients need a bridge from the old root to the new one. */
export interface RootChange {
  readonly from: StoredAuthority;
  readonly to: StoredAuthority;
}

/**
 * Returns the roots of a rotation in progress; undefined if none replaces a root. After an abort, the CA's own
 * TLS never leaves the old root.
 */
export function rootChangeOf(state: AuthorityState): RootChange | undefined {
  const { rotation } = state;
  if (rotation?.kind !== "root" || rotation.aborted) return undefined;
  const [from, to] = [rootOf(state, rotation.from), rootOf(state, rotation.to)];
  return from.id === to.id ? undefined : { from, to };
}

/**
 * Returns the roots for which a cross-certificate is missing although the CA can create it: it holds the old
 * root's key, and clients would accept the result.
 */
export function wantedCross(state: AuthorityState, now: Date): RootChange | undefined {
  const change = rootChangeOf(state);
  if (change === undefined || !change.from.hasKey || change.from.distrustedAt !== undefined) return undefined;
  const { from, to } = change;
  if (crossObstacle(from.certificate, to.certificate, now) !== undefined) return undefined;
  return bridges(state, from.id, to.id, now) ? undefined : change;
}
