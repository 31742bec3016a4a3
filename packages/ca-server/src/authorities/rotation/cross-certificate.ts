import type { Certificate } from "@kasbah/pki";

/**
 * The key of a root, certified by an older root. Clients whose root file contains only the older root accept
 * the CA's own TLS through it. It is never part of a trust bundle or of a workload's chain.
 */
export interface CrossCertificate {
  /** Id of the older root, which signed it. */
  readonly issuerId: string;
  /** Id of the root whose name and key it certifies. */
  readonly subjectId: string;
  readonly certificate: Certificate;
}

/**
 * Removes every certificate that one of these roots has signed, or that certifies one of them. A root whose key
 * may be stolen must not vouch for another.
 */
export function withoutCrossesOf(
  crosses: readonly CrossCertificate[],
  rootIds: ReadonlySet<string>,
): readonly CrossCertificate[] {
  return crosses.filter(({ issuerId, subjectId }) => !rootIds.has(issuerId) && !rootIds.has(subjectId));
}
