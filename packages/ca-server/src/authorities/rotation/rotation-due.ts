import { type AuthorityState, authorityOf, rootOf, signersInUse } from "./authority-state.ts";
import type { AuthorityKind, StoredAuthority } from "./stored-authority.ts";

/**
 * Share of an authority's lifetime. The last third leaves time for the stages, and for an operator to notice
 * if they do not advance.
 */
const shareBeforeRotation = 2 / 3;

/** An intermediate under a root that takes its time to rotate. Leaves still expire before it does. */
const shareBeforeSubstitution = 5 / 6;

/** A rotation that should start now. */
export interface DueRotation {
  readonly kind: AuthorityKind;
  /** The root of the new intermediate, if it is not the one that signs. */
  readonly under?: StoredAuthority;
}

/** The time at which an authority has used two thirds of its lifetime. */
export function rotatesAt({ createdAt, certificate }: StoredAuthority): Date {
  return timeOfShare(createdAt, certificate.notAfter, shareBeforeRotation);
}

function timeOfShare(from: Date, until: Date, share: number): Date {
  return new Date(from.getTime() + (until.getTime() - from.getTime()) * share);
}

/**
 * Returns the root whose intermediate must be replaced although a rotation of the root is in progress: one
 * long leaf, or a restored backup, can keep a stage for longer than an intermediate is valid.
 */
function substitutionDue(state: AuthorityState, now: Date): StoredAuthority | undefined {
  const { rotation, hold } = state;
  if (rotation?.kind !== "root" || rotation.stage === "retiring" || hold !== "none") return undefined;
  const ageing = signersInUse(state).find((id) => {
    const { kind, origin, createdAt, certificate } = authorityOf(state, id);
    const isOurs = kind === "intermediate" && origin === "self-signed";
    return isOurs && now >= timeOfShare(createdAt, certificate.notAfter, shareBeforeSubstitution);
  });
  const root = ageing === undefined ? undefined : rootOf(state, ageing);
  return root?.hasKey && now < root.certificate.notAfter ? root : undefined;
}

/**
 * Returns the rotation that should start now, or undefined. The root comes first, because its successor brings
 * its own intermediate. Only the operator replaces a plugged-in authority.
 */
export function rotationDue(
  state: AuthorityState,
  wants: { readonly intermediate: boolean },
  now: Date,
): DueRotation | undefined {
  const kind = kindDue(state, wants, now);
  if (kind !== undefined) return { kind };
  const under = substitutionDue(state, now);
  return under === undefined ? undefined : { kind: "intermediate", under };
}

function kindDue(
  state: AuthorityState,
  wants: { readonly intermediate: boolean },
  now: Date,
): AuthorityKind | undefined {
  // While an authority retires, its successor may already be due: a long leaf keeps it for months.
  const isBusy = state.rotation !== undefined && state.rotation.stage !== "retiring";
  if (isBusy || state.hold !== "none") return undefined;
  const signer = authorityOf(state, state.signerId);
  const root = rootOf(state, state.signerId);
  if (root.origin !== "self-signed" || !root.hasKey) return undefined;
  // With a clock that is far ahead, replacing an expired root would cut off every client: an operator decides.
  if (now >= root.certificate.notAfter) return undefined;
  if (now >= rotatesAt(root)) return "root";
  if (signer.kind === "intermediate") return now >= rotatesAt(signer) ? "intermediate" : undefined;
  return wants.intermediate ? "intermediate" : undefined;
}
