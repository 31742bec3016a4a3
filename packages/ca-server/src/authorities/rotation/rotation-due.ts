import { type AuthorityState, authorityOf, rootOf } from "./authority-state.ts";
import type { AuthorityKind, StoredAuthority } from "./stored-authority.ts";

/**
 * Share of an authority's lifetime. The last third leaves time for the stages, and for an operator to notice
 * if they do not advance.
 */
const shareBeforeRotation = 2 / 3;

/** The time at which an authority has used two thirds of its lifetime. */
export function rotatesAt({ createdAt, certificate }: StoredAuthority): Date {
  const lifeMs = certificate.notAfter.getTime() - createdAt.getTime();
  return new Date(createdAt.getTime() + lifeMs * shareBeforeRotation);
}

/**
 * Returns the kind of rotation that should start now, or undefined. The root comes first, because its
 * successor brings its own intermediate. Only the operator replaces a plugged-in authority.
 */
export function rotationDue(
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
  if (now >= rotatesAt(root)) return "root";
  if (signer.kind === "intermediate") return now >= rotatesAt(signer) ? "intermediate" : undefined;
  return wants.intermediate ? "intermediate" : undefined;
}
