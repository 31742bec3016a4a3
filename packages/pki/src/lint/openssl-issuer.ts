import { X509Certificate } from "node:crypto";
import type { Certificate } from "../certificate/certificate.ts";

const parsed = new WeakMap<Certificate, X509Certificate>();

/** The certificate of an issuer as OpenSSL reads it, parsed once and held as long as the certificate itself. */
export function opensslIssuer(issuer: Certificate): X509Certificate {
  const seen = parsed.get(issuer) ?? new X509Certificate(issuer.der);
  parsed.set(issuer, seen);
  return seen;
}
