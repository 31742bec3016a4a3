import type { Certificate } from "@kasbah/pki";
import type { PluggedInSet } from "./load-set.ts";

/** What is in use while a set comes. */
export interface InUse {
  readonly signer: Certificate;
  readonly root: Certificate;
}

export type PluggedInChange =
  /** The signer is in use already; only what else is trusted may differ. */
  | { readonly kind: "roots-only" }
  | { readonly kind: "same-root" }
  | { readonly kind: "new-root" }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Decides what a plugged-in set means for the authorities in use. A new root is taken only together with the old one:
 * clients learn the new one while the old one still signs.
 */
export function classifyPluggedInChange({ signer, root }: InUse, next: PluggedInSet): PluggedInChange {
  const isSame = (a: Certificate, b: Certificate) => a.fingerprint === b.fingerprint;
  if (isSame(signer, next.signer.certificate) && isSame(root, next.root)) return { kind: "roots-only" };
  if (isSame(root, next.root)) return { kind: "same-root" };
  if (next.roots.contains(root)) return { kind: "new-root" };
  return {
    kind: "refused",
    reason: `its root is new and its root file does not contain the root in use (SHA-256 ${root.fingerprint}): put both roots into the file, so that no client loses trust`,
  };
}
