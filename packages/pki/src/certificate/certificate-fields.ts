import { equalBytes } from "../bytes.ts";
import { DerCursor, openElement } from "../der/cursor.ts";
import { type DerElement, parseDer } from "../der/reader.ts";
import { constructedTag, tag } from "../der/tag.ts";
import { readTime } from "../der/time.ts";
import { dottedOid, positiveInteger, wholeOctets } from "../der/values.ts";
import { PkiError } from "../errors.ts";
import { readSignatureAlgorithm } from "../keys/signature.ts";
import type { SignatureAlgorithm } from "../keys/signature-algorithm.ts";
import { type Extension, readExtensions } from "./extension.ts";

/** The fields of an X.509 v3 certificate (RFC 5280 §4.1), with names and values still raw. */
export interface CertificateFields {
  /** TBSCertificate as received: the bytes that the signature covers. */
  readonly tbs: Uint8Array;
  /** Undefined if the algorithm is not on the allow-list. */
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly signatureOid: string;
  readonly signature: Uint8Array;
  readonly serial: Uint8Array;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: Uint8Array;
  readonly extensions: readonly Extension[];
}

const maxSerialLength = 20;

/**
 * Reads a version 3 certificate without unique identifiers, in canonical DER. @throws PkiError
 * `DER_MALFORMED` or `CERTIFICATE_MALFORMED`
 */
export function readCertificateFields(der: Uint8Array): CertificateFields {
  const certificate = openElement(parseDer(der), tag.sequence, "Certificate");
  const tbs = certificate.take(tag.sequence, "tbsCertificate");
  const algorithm = certificate.take(tag.sequence, "signatureAlgorithm");
  const signature = wholeOctets(certificate.take(tag.bitString, "signatureValue"), "signatureValue");
  certificate.end();
  return { tbs: tbs.raw, signature, ...readTbs(tbs, algorithm) };
}

function readTbs(tbs: DerElement, outerAlgorithm: DerElement): Omit<CertificateFields, "tbs" | "signature"> {
  const fields = new DerCursor(tbs, "TBSCertificate");
  checkVersion(fields.take(constructedTag(0), "version"));
  const serial = positiveInteger(fields.take(tag.integer, "serialNumber"), "serialNumber");
  if (serial.length > maxSerialLength) {
    throw new PkiError("CERTIFICATE_MALFORMED", `the serial is longer than ${maxSerialLength} octets`);
  }
  const algorithm = fields.take(tag.sequence, "signature");
  // The outer copy is not signed, so a difference proves tampering (RFC 5280 §4.1.1.2).
  if (!equalBytes(algorithm.raw, outerAlgorithm.raw)) {
    throw new PkiError("CERTIFICATE_MALFORMED", "the two signature algorithms differ");
  }
  const issuer = fields.take(tag.sequence, "issuer").raw;
  const validity = openElement(fields.take(tag.sequence, "validity"), tag.sequence, "Validity");
  const notBefore = readTime(validity.takeAny("notBefore"));
  const notAfter = readTime(validity.takeAny("notAfter"));
  validity.end();
  const subject = fields.take(tag.sequence, "subject").raw;
  const spki = fields.take(tag.sequence, "subjectPublicKeyInfo").raw;
  const extensions = readExtensionsField(fields.takeOptional(constructedTag(3)));
  fields.end();
  const signatureAlgorithm = readSignatureAlgorithm(algorithm);
  const [identifier] = algorithm.children;
  const signatureOid = identifier?.tag === tag.oid ? dottedOid(identifier.content) : "";
  return { signatureAlgorithm, signatureOid, serial, issuer, subject, notBefore, notAfter, spki, extensions };
}

function checkVersion(explicit: DerElement): void {
  const fields = new DerCursor(explicit, "version");
  const [version, ...more] = fields.take(tag.integer, "version").content;
  fields.end();
  if (version !== 2 || more.length > 0) throw new PkiError("CERTIFICATE_MALFORMED", "the version is not 3");
}

function readExtensionsField(explicit: DerElement | undefined): readonly Extension[] {
  if (explicit === undefined) return [];
  const fields = new DerCursor(explicit, "extensions");
  const extensions = readExtensions(fields.take(tag.sequence, "extensions"));
  fields.end();
  return extensions;
}
