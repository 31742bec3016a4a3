import { openElement } from "../der/cursor.ts";
import { type DerElement, parseDer } from "../der/reader.ts";
import { constructedTag, tag } from "../der/tag.ts";
import { wholeOctets } from "../der/values.ts";
import { PkiError, withCodes } from "../errors.ts";
import { type PublicKey, parsePublicKey } from "../keys/public-key.ts";
import { factorProblem } from "../keys/rsa/factorable.ts";
import { isSignedBy, readSignatureAlgorithm } from "../keys/signature.ts";
import { parsePemBlock } from "../pem/pem.ts";
import { type RequestedAttributes, readAttributes } from "./attributes.ts";
import { readRequestedSubject } from "./subject.ts";

/** A certificate signing request: the key that it proves, and the names that it only requests. */
export interface CertificateRequest {
  /** The self-signature proves that the requester has the private key. */
  readonly publicKey: PublicKey;
  /** Whether the subject has a common name that is not empty. */
  readonly hasCommonName: boolean;
  /** The requested URI names, one character per octet: hostile text, only to be compared, never copied. */
  readonly requestedUris: readonly string[];
  /** The requested DNS names, in the same form. */
  readonly requestedDnsNames: readonly string[];
  /**
   * The requested attributes, extensions and names that the CA ignores, for example `basicConstraints`; each
   * once.
   */
  readonly ignored: readonly string[];
}

/** A well-formed CSR whose signature is not verified yet. */
interface UnverifiedRequest {
  readonly info: DerElement;
  readonly spki: Uint8Array;
  readonly subject: ReturnType<typeof readRequestedSubject>;
  readonly attributes: RequestedAttributes;
  readonly signatureAlgorithm: DerElement;
  readonly signature: Uint8Array;
}

/**
 * Reads one PEM `CERTIFICATE REQUEST` (RFC 2986) of at most 16 KiB in canonical DER, rejects weak and
 * malformed keys before OpenSSL sees them, and verifies the self-signature over the bytes received.
 * @throws PkiError `CSR_MALFORMED`, `CSR_KEY_REJECTED` or `CSR_SIGNATURE_INVALID`
 */
export function parseCertificateRequest(pem: string): CertificateRequest {
  const parts = withCodes({ PEM_MALFORMED: "CSR_MALFORMED", DER_MALFORMED: "CSR_MALFORMED" }, () =>
    readRequest(parsePemBlock(pem, "CERTIFICATE REQUEST")),
  );
  const publicKey = readKey(parts.spki);
  verifySelfSignature(parts, publicKey);
  const { subject, attributes } = parts;
  return {
    publicKey,
    hasCommonName: subject.hasCommonName,
    requestedUris: attributes.uris,
    requestedDnsNames: attributes.dnsNames,
    ignored: [...new Set([...(subject.isEmpty ? [] : ["subject"]), ...attributes.ignored])],
  };
}

function readRequest(der: Uint8Array): UnverifiedRequest {
  const request = openElement(parseDer(der), tag.sequence, "CertificationRequest");
  const info = request.take(tag.sequence, "certificationRequestInfo");
  const signatureAlgorithm = request.take(tag.sequence, "signatureAlgorithm");
  const signature = wholeOctets(request.take(tag.bitString, "signature"), "signature");
  request.end();

  const fields = openElement(info, tag.sequence, "CertificationRequestInfo");
  const version = fields.take(tag.integer, "version").content;
  if (version[0] !== 0 || version.length > 1)
    throw new PkiError("CSR_MALFORMED", "the PKCS#10 version is not 0");
  const subject = readRequestedSubject(fields.take(tag.sequence, "subject"));
  const spki = fields.take(tag.sequence, "subjectPKInfo").raw;
  const attributes = readAttributes(fields.take(constructedTag(0), "attributes"));
  fields.end();
  return { info, spki, subject, attributes, signatureAlgorithm, signature };
}

function readKey(spki: Uint8Array): PublicKey {
  return withCodes({ KEY_REJECTED: "CSR_KEY_REJECTED" }, () => {
    const publicKey = parsePublicKey(spki);
    // Import the key here, so that a key that only OpenSSL rejects does not look like a wrong signature.
    void publicKey.keyObject;
    const problem = factorProblem(publicKey);
    if (problem !== undefined) throw new PkiError("KEY_REJECTED", problem);
    return publicKey;
  });
}

function verifySelfSignature(parts: UnverifiedRequest, publicKey: PublicKey): void {
  const algorithm = withCodes({ DER_MALFORMED: "CSR_MALFORMED" }, () =>
    readSignatureAlgorithm(parts.signatureAlgorithm),
  );
  if (algorithm === undefined) {
    throw new PkiError(
      "CSR_SIGNATURE_INVALID",
      "the signature algorithm is not ECDSA or RSA PKCS#1 with SHA-2",
    );
  }
  if (!isSignedBy(publicKey, algorithm, parts.info.raw, parts.signature)) {
    throw new PkiError(
      "CSR_SIGNATURE_INVALID",
      "the self-signature does not verify with the request's own key",
    );
  }
}
