import type { Certificate } from "@kasbah/pki";
import { type AuthorityState, authorityOf, type RotationState, rootOf } from "./authority-state.ts";
import { addAuthorities, members, next, withdraw, withStage } from "./state-change.ts";
import type { AuthorityKind, StoredAuthority } from "./stored-authority.ts";
import { type Successor, settle } from "./succession.ts";

/** The certificates from an authority up to its root. */
function chainOf(state: AuthorityState, id: string): readonly Certificate[] {
  const { certificate, chain } = authorityOf(state, id);
  return [certificate, ...chain, rootOf(state, id).certificate];
}

/** The time after which no certificate of an authority is valid, because its own chain has expired. */
export function chainExpiry(state: AuthorityState, id: string): Date {
  return new Date(Math.min(...chainOf(state, id).map(({ notAfter }) => notAfter.getTime())));
}

function isChainValid(state: AuthorityState, id: string, now: Date): boolean {
  return chainOf(state, id).every((one) => isValid(one, now));
}

function canSign(state: AuthorityState, id: string, now: Date): boolean {
  return authorityOf(state, id).hasKey && isChainValid(state, id, now);
}

function isValid({ notBefore, notAfter }: Certificate, now: Date): boolean {
  return notBefore <= now && now < notAfter;
}

/**
 * Returns what must be replaced before the CA can sign: the root unless it is valid, else the intermediate unless
 * its chain is; undefined if the signer is valid. A clock that was wrong leaves authorities that are not valid yet,
 * and a damaged disk some without a key.
 */
export function invalidKind(state: AuthorityState, now: Date): AuthorityKind | undefined {
  if (state.signerId === "") return undefined;
  const [signer, root] = [authorityOf(state, state.signerId), rootOf(state, state.signerId)];
  if (canSign(state, signer.id, now)) return undefined;
  const isRootLost = root.origin === "self-signed" && !root.hasKey;
  const canRootSign = isValid(root.certificate, now) && !isRootLost;
  return signer !== root && canRootSign ? "intermediate" : "root";
}

/** Gives up the keys that are lost, so that the CA starts without them. */
export function withoutKeys(state: AuthorityState, lost: readonly string[]): AuthorityState {
  const authorities = state.authorities.map((one) =>
    lost.includes(one.id) ? { ...one, hasKey: false } : one,
  );
  return lost.length === 0 ? state : next({ ...state, authorities });
}

/**
 * Returns the authority that a rotation is about to let sign if it has expired, for example while the rotation was
 * paused, and the present signer is valid: the CA must not switch to it.
 */
export function expiredNewcomer(state: AuthorityState, now: Date): StoredAuthority | undefined {
  const { rotation, signerId } = state;
  if (rotation?.stage !== "prepared" && rotation?.stage !== "distributed") return undefined;
  const newcomer = authorityOf(state, rotation.to);
  const isLost = !newcomer.hasKey || chainExpiry(state, newcomer.id) <= now;
  return isLost && canSign(state, signerId, now) ? newcomer : undefined;
}

/** Whether the CA can create an intermediate under a root. */
export function canCreateUnder({ origin, hasKey, certificate }: StoredAuthority, now: Date): boolean {
  return origin === "self-signed" && hasKey && isValid(certificate, now);
}

/**
 * Whether the other root of a root rotation in progress can sign, or have an intermediate that does. A retiring
 * one never signs again.
 */
export function hasValidAlternative(state: AuthorityState, now: Date): boolean {
  const { rotation, signerId } = state;
  if (rotation?.kind !== "root" || rotation.stage === "retiring") return false;
  const other = rotation.to === signerId ? rotation.from : rotation.to;
  return canSign(state, other, now) || canCreateUnder(rootOf(state, other), now);
}

/**
 * Puts a successor in the place of an invalid signer immediately: the stages protect certificates that chain to it,
 * and none of them is valid. A pause stays in force. Returns the same state if the signer is valid or something else
 * must be replaced, for example because another replica has acted first.
 *
 * @param keepsFuture whether clients keep trusting a signer that is not valid yet: its certificates may become valid
 */
export function replaceInvalid(
  state: AuthorityState,
  successor: Successor,
  now: Date,
  keepsFuture = true,
): AuthorityState {
  const { kind, signerId, authorities } = successor;
  if (invalidKind(state, now) !== kind) return state;
  const settled = kind === "root" ? settle(state, now) : state;
  const newcomers = authorities.map((one) => ({ ...one, stage: "active" as const, stageSince: now }));
  const known = addAuthorities(withoutSigner(settled, kind, now, keepsFuture), newcomers);
  const { servingSignerId, rotation } = settled;
  return next({
    ...known,
    signerId,
    servingSignerId: canSign(settled, servingSignerId, now) ? servingSignerId : signerId,
    rotation: rotation && withSigner(rotation, state.signerId, signerId),
  });
}

function withoutSigner(
  state: AuthorityState,
  kind: AuthorityKind,
  now: Date,
  keepsFuture: boolean,
): AuthorityState {
  const leaving = members(state, state.signerId, kind);
  const hasExpired = chainExpiry(state, state.signerId) <= now;
  return hasExpired || !keepsFuture
    ? withStage(state, leaving, "retired", now)
    : withdraw(state, leaving, now);
}

/** A rotation in progress continues with the new signer in the place of the former one. */
function withSigner(
  { from, to, ...rotation }: RotationState,
  former: string,
  signerId: string,
): RotationState {
  const instead = (id: string) => (id === former ? signerId : id);
  return { ...rotation, from: instead(from), to: instead(to) };
}
