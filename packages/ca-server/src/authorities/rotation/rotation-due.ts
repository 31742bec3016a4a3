import { type AuthorityState, authorityOf, rootOf } from "./authority-state.ts";
import type { AuthorityKind, StoredAuthority } from "./stored-authority.ts";

/** Of an authority's life; the last third is for the stages, and for whoever notices that they do not go on. */
const shareBeforeRotation = 2 / 3;

/** When an authority has used two thirds of its life. */
export function rotatesAt({ createdAt, certificate }: StoredAuthority): Date {
  const lifeMs = certificate.notAfter.getTime() - createdAt.getTime();
  return new Date(createdAt.getTime() + lifeMs * shareBeforeRotation);
}

/**
 * Which rotation should start now, or none. The root comes first: its successor brings an intermediate of its own.
 * What the operator plugged in is the operator's to replace.
 */
export function rotationDue(
  state: AuthorityState,
  wants: { readonly intermediate: boolean },
  now: Date,
): AuthorityKind | undefined {
  if (state.rotation !== undefined || state.hold !== "none") return undefined;
  const signer = authorityOf(state, state.signerId);
  const root = rootOf(state, state.signerId);
  if (root.origin !== "self-signed" || !root.hasKey) return undefined;
  if (now >= rotatesAt(root)) return "root";
  if (signer.kind === "intermediate") return now >= rotatesAt(signer) ? "intermediate" : undefined;
  return wants.intermediate ? "intermediate" : undefined;
}
