import type { Certificate } from "@kasbah/pki";

/**
 * Returns why a root cannot certify another in a way that clients accept; undefined if it can. The CA's own
 * roots always can. TLS libraries were tried with each of these shapes.
 */
export function crossObstacle(issuer: Certificate, subject: Certificate, now: Date): string | undefined {
  const { pathLength, subjectKeyIdentifier, maySignCertificates } = issuer.extensions;
  if (now >= issuer.notAfter) return "the old root has expired";
  if (now >= subject.notAfter) return "the new root has expired";
  if (issuer.publicKey.equals(subject.publicKey)) return "both roots have the same key";
  if (!maySignCertificates) return "the old root may not sign certificates";
  // With it, GnuTLS refuses even clients that hold the new root.
  if (pathLength !== undefined) return "the old root limits the path length";
  if (subjectKeyIdentifier === undefined) return "the old root has no subject key identifier";
  if (subject.subjectKeyIdentifier === undefined) return "the new root has no subject key identifier";
  // The cross-certificate would not contain them, so clients of the old root would accept more than intended.
  if (subject.extensions.nameConstraints !== undefined) return "the new root has name constraints";
  return undefined;
}
