import { OperationError } from "../../errors.ts";
import { type AuthorityState, authorityOf, rootOf } from "./authority-state.ts";
import { addAuthorities, members, withdraw, withStage } from "./state-change.ts";
import type { AuthorityKind, StoredAuthority } from "./stored-authority.ts";
import type { Successor } from "./succession.ts";

/** What an operator must know before it distrusts an authority. */
export interface DistrustPlan {
  readonly target: StoredAuthority;
  /** The target, and for a root everything under it. */
  readonly doomed: readonly StoredAuthority[];
  /** The kind of authority that the CA must create first, because nothing else could sign; undefined if none. */
  readonly needs: AuthorityKind | undefined;
  /** The authority that will sign leaves; undefined if it must be created first. */
  readonly signerId: string | undefined;
}

/**
 * Determines the effect of distrusting an authority. No stage waits here, because an attacker has the key.
 * @throws OperationError if the authority does not exist or is already distrusted
 */
export function planDistrust(state: AuthorityState, id: string): DistrustPlan {
  const target = state.authorities.find((one) => one.id === id);
  if (target === undefined)
    throw new OperationError(`there is no authority ${id}: see kasbah authority list --all`);
  if (target.distrustedAt !== undefined) {
    throw new OperationError(`${id} is already distrusted, since ${target.distrustedAt.toISOString()}`);
  }
  const doomed = state.authorities.filter(
    (one) =>
      one === target || (target.kind === "root" && one.rootId === id && one.distrustedAt === undefined),
  );
  const signerId = remainingSigner(state, doomed);
  const needs = signerId === undefined ? neededKind(state, doomed) : undefined;
  return { target, doomed, needs, signerId };
}

/**
 * Removes an authority, and everything under a root, from the trust bundle and from signing at once. Its
 * successor signs immediately, without the stages of a rotation.
 * @throws OperationError as {@link planDistrust}, and if nothing is left to sign without a successor
 */
export function applyDistrust(
  state: AuthorityState,
  id: string,
  successor: Successor | undefined,
  now: Date,
): AuthorityState {
  const { doomed, signerId = successor?.signerId } = planDistrust(state, id);
  if (signerId === undefined) throw new OperationError(`nothing is left to sign without ${id}`);
  const ids = new Set(doomed.map((one) => one.id));
  const known = successor === undefined ? state : addAuthorities(state, successor.authorities);
  const marked: AuthorityState = {
    ...known,
    authorities: known.authorities.map((one) =>
      ids.has(one.id) ? { ...one, hasKey: false, stage: "retired", stageSince: now, distrustedAt: now } : one,
    ),
    signerId,
    servingSignerId: ids.has(state.servingSignerId) ? signerId : state.servingSignerId,
  };
  const settled = settleRotation(withActive(marked, signerId, now), ids, now);
  return { ...settled, epoch: state.epoch + 1 };
}

/** The signer, or the other side of a rotation in progress if that may sign at once. */
function remainingSigner(state: AuthorityState, doomed: readonly StoredAuthority[]): string | undefined {
  const isDoomed = (id: string) => doomed.some((one) => one.id === id);
  const { signerId, rotation } = state;
  if (!isDoomed(signerId)) return signerId;
  if (rotation === undefined || rotation.stage === "retiring") return undefined;
  // Another intermediate under the same root disturbs fewer clients than the other root would.
  const keepsRoot = rotation.kind === "root" && !isDoomed(rootOf(state, signerId).id);
  const other = signerId === rotation.to ? rotation.from : rotation.to;
  return keepsRoot || isDoomed(other) ? undefined : other;
}

function neededKind(state: AuthorityState, doomed: readonly StoredAuthority[]): AuthorityKind {
  return doomed.includes(rootOf(state, state.signerId)) ? "root" : "intermediate";
}

/** The chain that signs is active, whichever stage it had. */
function withActive(state: AuthorityState, signerId: string, now: Date): AuthorityState {
  const chain = [authorityOf(state, signerId), rootOf(state, signerId)];
  return withStage(state, chain, "active", now);
}

/**
 * Continues or ends the rotation in progress without the distrusted authorities. What it leaves behind retires
 * beside it.
 */
function settleRotation(state: AuthorityState, gone: ReadonlySet<string>, now: Date): AuthorityState {
  const { rotation, signerId } = state;
  if (rotation === undefined) return state;
  const { from, to, kind, stage } = rotation;
  const ended = { ...state, rotation: undefined };
  const rootLives = (id: string) => kind === "root" && !gone.has(authorityOf(state, id).rootId);
  if (gone.has(from)) {
    if (!rootLives(from)) return ended;
    const isPending = stage === "prepared" || stage === "distributed";
    return isPending
      ? { ...state, rotation: { ...rotation, from: signerId } }
      : retireFormer(ended, from, now);
  }
  if (!gone.has(to)) return state;
  if (stage === "active" && rootLives(to)) return { ...state, rotation: { ...rotation, to: signerId } };
  const isUsed = stage === "retiring" || !rootLives(to);
  return isUsed ? ended : withdraw(ended, members(state, authorityOf(state, to).rootId, kind), now);
}

/** The former root has lost its intermediate, so it cannot sign again and only waits for the leaves under it. */
function retireFormer(state: AuthorityState, from: string, now: Date): AuthorityState {
  const former = members(state, from, "root");
  return { ...withStage(state, former, "retiring", now), servingSignerId: state.signerId };
}
