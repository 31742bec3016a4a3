import { OperationError } from "../../errors.ts";
import { type AuthorityState, authorityOf, type RotationState, rootOf } from "./authority-state.ts";
import { addAuthorities, enter, members, newcomers, next, withdraw, withStage } from "./state-change.ts";
import type { AuthorityKind, StoredAuthority } from "./stored-authority.ts";

/** What a shared Secret of 1 MiB holds, with room for the keys of as many retired ones. */
const mostRetiring = 32;

/** New, durable authorities that will take over. */
export interface Successor {
  readonly kind: AuthorityKind;
  /** A root with its intermediate, a root alone, or an intermediate under a root in use. */
  readonly authorities: readonly StoredAuthority[];
  /** The new authority, or the existing root, that will sign leaves. */
  readonly signerId: string;
}

/**
 * Begins a rotation: its authorities exist, but no client trusts them yet. While an authority still retires,
 * the next one may already take over. While a root is being replaced, a new intermediate takes the place of
 * the one under its root. @throws OperationError unless {@link requireIdle}
 */
export function prepare(state: AuthorityState, successor: Successor, now: Date): AuthorityState {
  const { kind, authorities, signerId } = successor;
  requireIdle(state, kind);
  const { rotation } = state;
  if (rotation?.kind === "root" && rotation.stage !== "retiring") {
    return substitute(state, rotation, successor, now);
  }
  const known = addAuthorities(settle(state, now), authorities);
  const following = { kind, from: state.signerId, to: signerId, aborted: false };
  return next(enter({ ...known, hold: "none" }, following, "prepared", now));
}

/**
 * An authority that retires never keeps the next one waiting, and neither does an intermediate: every leaf
 * carries its own. Only a root waits for the root before it.
 * @throws OperationError if another root is about to take over, or if all rotations are paused
 */
export function requireIdle({ rotation, hold, ...state }: AuthorityState, kind: AuthorityKind): void {
  if (kind === "root" && rotation?.kind === "root" && rotation.stage !== "retiring") {
    const { rootId } = authorityOf({ ...state, rotation, hold }, rotation.to);
    throw new OperationError(`a rotation to ${rootId} is in progress: wait until it completes, or abort it`);
  }
  const retiring = state.authorities.filter(({ stage }) => stage === "retiring");
  if (retiring.length >= mostRetiring) {
    throw new OperationError(`${retiring.length} authorities are retiring: wait until the first has retired`);
  }
  if (hold === "all") throw new OperationError("rotations are paused: resume them first");
}

/** Ends the rotation in progress, so that the next one can begin: what it leaves behind retires beside it. */
export function settle(state: AuthorityState, now: Date): AuthorityState {
  const { rotation } = state;
  if (rotation === undefined) return state;
  const settled = { ...state, rotation: undefined };
  if (rotation.stage === "retiring") return settled;
  if (rotation.stage !== "active") return withdraw(settled, newcomers(state, rotation), now);
  const former = members(state, rotation.from, rotation.kind);
  return { ...withStage(settled, former, "retiring", now), servingSignerId: rotation.to };
}

/** Replaces the intermediate of a root during the rotation of the root, which continues with the new one. */
function substitute(
  state: AuthorityState,
  rotation: RotationState,
  { authorities, signerId }: Successor,
  now: Date,
): AuthorityState {
  const [newcomer] = authorities;
  if (newcomer?.rootId === rootOf(state, state.signerId).id) {
    return next(substituteSigner(state, rotation, newcomer, now));
  }
  if (newcomer?.rootId !== rootOf(state, rotation.to).id) {
    throw new OperationError(
      `${signerId} is under a root that no longer signs: wait until the rotation completes`,
    );
  }
  const { stage } = authorityOf(state, rotation.to);
  const known = addAuthorities(state, [{ ...newcomer, stage, stageSince: now }]);
  const former = members(state, rotation.to, "intermediate");
  return next({ ...withdraw(known, former, now), rotation: { ...rotation, to: newcomer.id } });
}

/** Leaves of the former signer may exist, so it retires. */
function substituteSigner(
  state: AuthorityState,
  { from, to, ...rotation }: RotationState,
  newcomer: StoredAuthority,
  now: Date,
): AuthorityState {
  const { signerId, servingSignerId } = state;
  const instead = (id: string) => (id === signerId ? newcomer.id : id);
  const known = addAuthorities(state, [{ ...newcomer, stage: "active", stageSince: now }]);
  return {
    ...withStage(known, members(state, signerId, "intermediate"), "retiring", now),
    signerId: newcomer.id,
    servingSignerId: instead(servingSignerId),
    rotation: { ...rotation, from: instead(from), to: instead(to) },
  };
}
