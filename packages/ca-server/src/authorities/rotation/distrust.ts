import { OperationError } from "../../errors.ts";
import {
  type AuthorityState,
  authorityOf,
  lastLeaf,
  lastLeafEnd,
  type RotationState,
  rootOf,
} from "./authority-state.ts";
import { withoutCrossesOf } from "./cross-certificate.ts";
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
export function planDistrust(state: AuthorityState, id: string, now: Date): DistrustPlan {
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
  const signerId = remainingSigner(state, doomed, now);
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
  const { doomed, signerId = successor?.signerId } = planDistrust(state, id, now);
  if (signerId === undefined) throw new OperationError(`nothing is left to sign without ${id}`);
  const ids = new Set(doomed.map((one) => one.id));
  const known = successor === undefined ? state : addAuthorities(state, successor.authorities);
  const marked: AuthorityState = {
    ...known,
    authorities: known.authorities.map((one) =>
      ids.has(one.id)
        ? { ...one, hasKey: false, stage: "retired", stageSince: now, distrustedAt: now }
        : withLeavesOf(one, doomed),
    ),
    signerId,
    crossCertificates: withoutCrossesOf(known.crossCertificates, ids),
    servingSignerId: ids.has(state.servingSignerId) ? signerId : state.servingSignerId,
  };
  const settled = settleRotation(withActive(marked, signerId, now), ids, now);
  return { ...settled, epoch: state.epoch + 1 };
}

/**
 * Leaves of a distrusted intermediate stay in use until they are renewed, so the root above it must stay trusted
 * for as long as they are valid.
 */
function withLeavesOf(root: StoredAuthority, doomed: readonly StoredAuthority[]): StoredAuthority {
  const under = doomed.filter(({ rootId }) => rootId === root.id);
  const end = lastLeafEnd(under);
  return end <= root.leafHorizon ? root : { ...root, leafHorizon: end, horizonLeaf: lastLeaf(under) };
}

/** The signer, or the other side of a rotation in progress if that may sign at once. */
function remainingSigner(
  state: AuthorityState,
  doomed: readonly StoredAuthority[],
  now: Date,
): string | undefined {
  const isDoomed = (id: string) => doomed.some((one) => one.id === id);
  const { signerId, rotation } = state;
  if (!isDoomed(signerId)) return signerId;
  if (rotation === undefined || rotation.stage === "retiring") return undefined;
  // Another intermediate under the same root disturbs fewer clients than the other root would.
  const keepsRoot = rotation.kind === "root" && !isDoomed(rootOf(state, signerId).id);
  const other = signerId === rotation.to ? rotation.from : rotation.to;
  return keepsRoot || isDoomed(other) || !isValid(state, other, now) ? undefined : other;
}

/** An authority that was created under a wrong clock, or has expired, cannot take over. */
function isValid(state: AuthorityState, id: string, now: Date): boolean {
  return [authorityOf(state, id), rootOf(state, id)].every(
    ({ certificate }) => certificate.notBefore <= now && now < certificate.notAfter,
  );
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
  if (rotation === undefined || !(gone.has(rotation.from) || gone.has(rotation.to))) return state;
  const { from, to, kind, stage } = rotation;
  const isPending = stage === "prepared" || stage === "distributed";
  const rootLives = (id: string) => kind === "root" && !gone.has(authorityOf(state, id).rootId);
  if (gone.has(from) && isPending && rootLives(from)) {
    return { ...state, rotation: { ...rotation, from: signerId } };
  }
  if (gone.has(to) && stage === "active" && rootLives(to)) {
    return { ...state, rotation: { ...rotation, to: signerId } };
  }
  return endRotation(state, rotation, now);
}

/** What does not sign leaves use, and stays trusted for as long as leaves under it may be valid. */
function endRotation(state: AuthorityState, { from, to, kind }: RotationState, now: Date): AuthorityState {
  const ended: AuthorityState = { ...state, rotation: undefined, servingSignerId: state.signerId };
  const chain = [state.signerId, authorityOf(state, state.signerId).rootId];
  // A root whose intermediate is distrusted has lost the authority under which `members` finds it.
  const roots =
    kind === "root" ? [authorityOf(state, from).rootId, authorityOf(state, to).rootId] : [from, to];
  return roots.reduce((each, id) => {
    const unused = members(each, id, kind).filter((one) => isInUse(one) && !chain.includes(one.id));
    return unused.length === 0 ? each : withdraw(each, unused, now);
  }, ended);
}

function isInUse({ stage }: StoredAuthority): boolean {
  return stage === "prepared" || stage === "distributed" || stage === "active";
}
