import type { Certificate } from "@kasbah/pki";

/** The fields of one certificate as `--json` prints them. */
export interface CertificateView {
  readonly kind: "workload" | "authority" | "other";
  /** Present if the certificate is an X.509-SVID: exactly one URI SAN, and it is a SPIFFE ID. */
  readonly spiffeId?: string;
  /** The SPIFFE ID in the format of `principals` in Istio's AuthorizationPolicy. */
  readonly principal?: string;
  readonly uriNames: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly keyType: string;
  readonly serial: string;
  /** Hex SHA-256 of the DER. */
  readonly fingerprint: string;
  readonly notBefore: string;
  readonly notAfter: string;
  /** Milliseconds until expiry; negative after it. */
  readonly remainingMs: number;
}

export function viewOf(certificate: Certificate, now: Date): CertificateView {
  const { spiffeId, isCa } = certificate;
  return {
    kind: isCa ? "authority" : spiffeId ? "workload" : "other",
    ...(spiffeId && !isCa ? { spiffeId: spiffeId.toString(), principal: spiffeId.principal } : {}),
    uriNames: certificate.uriNames,
    dnsNames: certificate.dnsNames,
    ipAddresses: certificate.ipAddresses,
    keyType: certificate.publicKey.type,
    serial: certificate.serial,
    fingerprint: certificate.fingerprint,
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    remainingMs: certificate.notAfter.getTime() - now.getTime(),
  };
}
