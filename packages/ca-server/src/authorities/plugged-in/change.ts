import type { Certificate } from "@kasbah/pki";
import type { PluggedInSet } from "./load-set.ts";

/** The authority in use when a new set arrives. */
export interface InUse {
  readonly signer: Certificate;
  readonly root: Certificate;
  /** Whether the root has expired, so that no client needs it any more. */
  readonly isRootExpired: boolean;
}

export type PluggedInChange =
  /** The signer is already in use; only the other trusted roots may differ. */
  | { readonly kind: "roots-only" }
  | { readonly kind: "same-root" }
  | { readonly kind: "new-root" }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Determines the effect of a plugged-in set on the authorities in use. A new root is accepted only together
 * with the current one, so that clients learn the new root while the current one still signs; or if the current one
 * has expired.
 */
export function classifyPluggedInChange(
  { signer, root, isRootExpired }: InUse,
  next: PluggedInSet,
): PluggedInChange {
  const isSame = (a: Certificate, b: Certificate) => a.fingerprint === b.fingerprint;
  if (isSame(signer, next.signer.certificate) && isSame(root, next.root)) return { kind: "roots-only" };
  if (isSame(root, next.root)) return { kind: "same-root" };
  if (next.roots.contains(root) || isRootExpired) return { kind: "new-root" };
  return {
    kind: "refused",
    reason: `its root is new and its root file does not contain the root in use (SHA-256 ${root.fingerprint}): put both roots into the file, so that every client keeps trusting the CA`,
  };
}
