import { equalBytes, toHex, toUnsigned } from "../bytes.ts";
import { openElement } from "../der/cursor.ts";
import { parseDer } from "../der/reader.ts";
import { primitiveTag, tag } from "../der/tag.ts";
import { PkiError } from "../errors.ts";
import { isSameName } from "../names/directory-name.ts";
import type { Certificate } from "./certificate.ts";

/**
 * Returns the reason why the authority key identifier of the child does not point to the issuer, if any.
 * OpenSSL and BoringSSL then look for another issuer, and reject the chain; Go compares names alone.
 */
export function identifierProblem(issuer: Certificate, child: Certificate): string | undefined {
  const { authorityKeyIdentifier: wanted, authorityCertificate } = child.extensions;
  const own = issuer.subjectKeyIdentifier;
  if (wanted !== undefined && own !== undefined && !equalBytes(wanted, own)) {
    return `has the subject key identifier ${toHex(own)}, but the authority key identifier of the certificate below it is ${toHex(wanted)}`;
  }
  const serial = authorityCertificate?.serial;
  if (serial !== undefined && toHex(serial) !== issuer.serial) {
    return `has the serial ${issuer.serial}, but the authority key identifier of the certificate below it names the serial ${toHex(serial)}`;
  }
  const [name] = authorityCertificate?.issuerNames ?? [];
  if (name === undefined || isSameName(name, issuer.issuer)) return undefined;
  return "was issued under another name than the authority key identifier of the certificate below it says";
}

/**
 * Whether TLS libraries take the certificate for self-signed, at which they end a chain: it is its own issuer
 * by name, and no key identifier contradicts that. They do not look at the signature.
 */
export function looksSelfSigned(certificate: Certificate): boolean {
  return (
    isSameName(certificate.subject, certificate.issuer) &&
    identifierProblem(certificate, certificate) === undefined
  );
}

/**
 * Returns the reason why the certificate may not be a link between a leaf and its root, if any.
 *
 * @param below the number of certificates below it, without self-issued ones
 */
export function linkProblem(certificate: Certificate, below: number): string | undefined {
  // A root that a peer sends along is harmless: it is in the trust bundle, or the chain ends nowhere.
  if (looksSelfSigned(certificate) && !certificate.isIssuedBy(certificate)) {
    return "has the name of its issuer and no key identifier that tells the two apart, so clients take it for a root";
  }
  return policyProblem(certificate, below);
}

/**
 * RFC 5280 §4.2.1.11: with requireExplicitPolicy, a leaf must have a policy unless fewer certificates than the
 * extension skips are below it. Workload certificates have none, and BoringSSL and Go reject them even if the
 * extension is not critical.
 */
function policyProblem({ extensions }: Certificate, below: number): string | undefined {
  const { policyConstraints } = extensions;
  if (policyConstraints === undefined) return undefined;
  try {
    const fields = openElement(parseDer(policyConstraints), tag.sequence, "PolicyConstraints");
    const skipped = fields.takeOptional(primitiveTag(0));
    if (skipped === undefined || toUnsigned(skipped.content) > BigInt(below)) return undefined;
    return "requires a certificate policy (requireExplicitPolicy), and workload certificates have none";
  } catch (error) {
    if (error instanceof PkiError) return "has malformed policyConstraints";
    throw error;
  }
}
