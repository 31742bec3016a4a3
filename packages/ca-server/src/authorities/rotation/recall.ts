import { OperationError } from "../../errors.ts";
import { type AuthorityState, authorityOf, rootOf } from "./authority-state.ts";
import { addAuthorities, enter, next, withStage } from "./state-change.ts";
import type { AuthorityKind, StoredAuthority } from "./stored-authority.ts";
import { requireIdle, settle } from "./succession.ts";

/** What brings an authority back: an authority that signs again, or a root that needs a new intermediate. */
export interface Recall {
  readonly root: StoredAuthority;
  /** Undefined if every intermediate of the root has expired or lost its key. */
  readonly signer: StoredAuthority | undefined;
}

/**
 * Determines how to bring an authority back. A root returns with the intermediate under it that is valid for
 * the longest time. @throws OperationError if the authority is in use, has expired, or has lost its key
 */
export function recallOf(state: AuthorityState, id: string, now: Date): Recall {
  const authority = state.authorities.find((one) => one.id === id);
  if (authority === undefined) {
    throw new OperationError(`the CA has no authority ${id}: see kasbah authority list --all`);
  }
  const root = authorityOf(state, authority.rootId);
  refuseInUse(state, authority);
  for (const one of [root, authority]) refuseDistrusted(one);
  for (const one of [root, authority]) refuseExpired(one, now);
  if (authority.kind === "intermediate") {
    if (!authority.hasKey) throw withoutKey(authority);
    return { root, signer: authority };
  }
  const signer = state.authorities
    .filter((one) => one.kind === "intermediate" && one.rootId === id && one.hasKey && isValid(one, now))
    .reduce<StoredAuthority | undefined>(
      (best, one) => (best && end(best) > end(one) ? best : one),
      undefined,
    );
  if (signer === undefined && !root.hasKey) throw withoutKey(root);
  return { root, signer };
}

/**
 * Begins a rotation back to an authority that was retiring or retired. Its root returns to the trust bundle
 * first, as in every rotation. No rotation starts automatically until the operator resumes rotations: an old
 * authority would be replaced at once.
 *
 * @param signer an authority that was in use before, or a new intermediate under the root that returns
 * @throws OperationError if its key was destroyed meanwhile; and unless {@link requireIdle}
 */
export function recall(state: AuthorityState, signer: StoredAuthority, now: Date): AuthorityState {
  const root = authorityOf(state, signer.rootId);
  const kind = kindOf(state, root);
  requireIdle(state, kind);
  if (state.rotation?.kind === "root" && state.rotation.stage !== "retiring") {
    throw new OperationError("a root is being replaced: wait until that completes, or abort it");
  }
  const isKnown = state.authorities.some(({ id }) => id === signer.id);
  if (isKnown) requireReady(state, signer.id);
  const settled = settle(state, now);
  const known = isKnown ? settled : addAuthorities(settled, [signer]);
  const returning = (kind === "root" ? [root, signer] : [signer]).map(({ id }) => authorityOf(known, id));
  const distributed = withStage({ ...known, hold: "starts" }, returning, "distributed", now);
  const back = { kind, from: state.signerId, to: signer.id, aborted: false };
  return next(enter(distributed, back, "distributed", now));
}

/** Checked again when the write runs, because another replica may have destroyed the key meanwhile. */
function requireReady(state: AuthorityState, id: string): void {
  const authority = authorityOf(state, id);
  refuseInUse(state, authority);
  if (!authority.hasKey) throw withoutKey(authority);
}

function kindOf(state: AuthorityState, root: StoredAuthority): AuthorityKind {
  return root.id === rootOf(state, state.signerId).id ? "intermediate" : "root";
}

function refuseInUse({ signerId, ...state }: AuthorityState, { id, stage }: StoredAuthority): void {
  if (stage === "retired" || stage === "retiring") return;
  const signs = id === signerId || id === authorityOf({ ...state, signerId }, signerId).rootId;
  if (signs) throw new OperationError(`${id} already signs`);
  const hint = stage === "active" ? "kasbah authority abort returns to it" : "it is about to sign";
  throw new OperationError(`${id} is ${stage}: ${hint}`);
}

function refuseDistrusted({ id, distrustedAt }: StoredAuthority): void {
  if (distrustedAt === undefined) return;
  throw new OperationError(
    `${id} was distrusted at ${distrustedAt.toISOString()}, which cannot be undone: rotate instead`,
  );
}

function refuseExpired({ id, certificate }: StoredAuthority, now: Date): void {
  const { notAfter } = certificate;
  if (now < notAfter) return;
  throw new OperationError(`${id} expired at ${notAfter.toISOString()}: rotate instead`);
}

function isValid({ certificate }: StoredAuthority, now: Date): boolean {
  return certificate.notBefore <= now && now < certificate.notAfter;
}

function end({ certificate }: StoredAuthority): number {
  return certificate.notAfter.getTime();
}

function withoutKey({ id, origin }: StoredAuthority): OperationError {
  const otherwise =
    origin === "plugged-in" ? "put it into the directory of --root-ca-dir again" : "rotate instead";
  return new OperationError(`the CA no longer has the key of ${id}: ${otherwise}`);
}
