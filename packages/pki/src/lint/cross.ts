import { X509Certificate } from "node:crypto";
import { equalBytes } from "../bytes.ts";
import type { Certificate } from "../certificate/certificate.ts";
import { encodeExtension } from "../der/writer.ts";
import { PkiError } from "../errors.ts";
import { plainAuthorityExtensions } from "./authority-extensions.ts";

/** The two roots that a cross-certificate connects. */
export interface ExpectedCross {
  /** The root whose name and key it certifies. */
  readonly subject: Certificate;
  readonly issuer: Certificate;
}

/**
 * Checks a finished cross-certificate independently of the writer. OpenSSL, Envoy and GnuTLS reject the chain
 * if one of its two key identifiers is missing, or if an authority key identifier names a serial number.
 * @throws PkiError `LINT_FAILED` naming the rule
 */
export function lintCrossCertificate(c: Certificate, expected: ExpectedCross): void {
  for (const [rule, holds] of Object.entries(rules)) {
    if (!holds(c, expected))
      throw new PkiError("LINT_FAILED", `the cross-certificate violates a rule: ${rule}`);
  }
}

type Rule = (c: Certificate, expected: ExpectedCross) => boolean;

const rules: Readonly<Record<string, Rule>> = {
  "it expires after it becomes valid": (c) => c.notBefore.getTime() < c.notAfter.getTime(),
  "it expires no later than either root": (c, { subject, issuer }) =>
    c.notAfter <= subject.notAfter && c.notAfter <= issuer.notAfter,
  "the subject is the new root's, byte for byte": (c, { subject }) => equalBytes(c.subject, subject.subject),
  "the key is the new root's": (c, { subject }) => c.publicKey.equals(subject.publicKey),
  "the key is not its issuer's": (c, { issuer }) => !c.publicKey.equals(issuer.publicKey),
  "the extensions are the profile's, in its order": hasProfileExtensions,
  "the signature is the issuer's": (c, { issuer }) => c.isIssuedBy(issuer),
  "OpenSSL reads the same content": isSameToOpenssl,
};

function hasProfileExtensions(c: Certificate, { subject, issuer }: ExpectedCross): boolean {
  const keyId = subject.subjectKeyIdentifier;
  const issuerKeyId = issuer.subjectKeyIdentifier;
  if (keyId === undefined || issuerKeyId === undefined) return false;
  const found = c.fields.extensions.map((e) => encodeExtension(e.oid, e.critical, e.value));
  return equalBytes(Buffer.concat(found), Buffer.concat(plainAuthorityExtensions({ keyId, issuerKeyId })));
}

function isSameToOpenssl(c: Certificate, { subject, issuer }: ExpectedCross): boolean {
  try {
    const seen = new X509Certificate(c.der);
    return (
      seen.ca &&
      seen.publicKey.equals(subject.publicKey.keyObject) &&
      seen.checkIssued(new X509Certificate(issuer.der)) &&
      seen.verify(issuer.publicKey.keyObject)
    );
  } catch {
    // OpenSSL throws on certificates that it cannot read.
    return false;
  }
}
