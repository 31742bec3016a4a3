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
  /** Validity with both times. */
  readonly validity: Uint8Array;
  readonly spki: Uint8Array;
  readonly extensions: readonly Extension[];
  /** Extensions; empty if there are none. */
  readonly extensionsDer: Uint8Array;
  readonly isVersion1: boolean;
}

const maxSerialLength = 20;

/** The two rules that a trusted root may break, because TLS clients do not look at these fields of a root. */
export interface FieldRules {
  /** Whether the serial may be 0, as in nine public roots. Go rejects negative ones (since 1.23). */
  readonly zeroSerial: boolean;
  /** Whether the certificate may be of version 1, which has no extensions. */
  readonly version1: boolean;
}

/** The rules for every certificate but a trusted root. */
export const strictFields: FieldRules = { zeroSerial: false, version1: false };

/**
 * Reads a version 3 certificate without unique identifiers, in canonical DER. @throws PkiError
 * `DER_MALFORMED` or `CERTIFICATE_MALFORMED`
 */
export function readCertificateFields(der: Uint8Array, rules = strictFields): CertificateFields {
  const certificate = openElement(parseDer(der), tag.sequence, "Certificate");
  const tbs = certificate.take(tag.sequence, "tbsCertificate");
  const algorithm = certificate.take(tag.sequence, "signatureAlgorithm");
  const signature = wholeOctets(certificate.take(tag.bitString, "signatureValue"), "signatureValue");
  certificate.end();
  return { tbs: tbs.raw, signature, ...readTbs(tbs, algorithm, rules) };
}

function readTbs(
  tbs: DerElement,
  outerAlgorithm: DerElement,
  rules: FieldRules,
): Omit<CertificateFields, "tbs" | "signature"> {
  const fields = new DerCursor(tbs, "TBSCertificate");
  const isVersion1 = rules.version1 && fields.next !== constructedTag(0);
  if (!isVersion1) checkVersion(fields.take(constructedTag(0), "version"));
  const serial = readSerial(fields.take(tag.integer, "serialNumber"), rules);
  if (serial.length > maxSerialLength) {
    throw new PkiError("CERTIFICATE_MALFORMED", `the serial is longer than ${maxSerialLength} octets`);
  }
  const algorithm = fields.take(tag.sequence, "signature");
  // The outer copy is not signed, so a difference proves tampering (RFC 5280 §4.1.1.2).
  if (!equalBytes(algorithm.raw, outerAlgorithm.raw)) {
    throw new PkiError("CERTIFICATE_MALFORMED", "the two signature algorithms differ");
  }
  const issuer = fields.take(tag.sequence, "issuer").raw;
  const validity = fields.take(tag.sequence, "validity");
  const times = new DerCursor(validity, "Validity");
  const notBefore = readTime(times.takeAny("notBefore"));
  const notAfter = readTime(times.takeAny("notAfter"));
  times.end();
  const subject = fields.take(tag.sequence, "subject").raw;
  const spki = fields.take(tag.sequence, "subjectPublicKeyInfo").raw;
  const extensions = readExtensionsField(isVersion1 ? undefined : fields.takeOptional(constructedTag(3)));
  fields.end();
  const signatureAlgorithm = readSignatureAlgorithm(algorithm);
  const [identifier] = algorithm.children;
  const signatureOid = identifier?.tag === tag.oid ? dottedOid(identifier.content) : "";
  const names = { issuer, subject, notBefore, notAfter, validity: validity.raw };
  return { isVersion1, signatureAlgorithm, signatureOid, serial, ...names, spki, ...extensions };
}

function readSerial(element: DerElement, { zeroSerial }: FieldRules): Uint8Array {
  if (!zeroSerial) return positiveInteger(element, "serialNumber");
  const { content } = element;
  const isZero = content.length === 1 && content[0] === 0;
  return isZero ? content : positiveInteger(element, "serialNumber");
}

function checkVersion(explicit: DerElement): void {
  const fields = new DerCursor(explicit, "version");
  const version = fields.take(tag.integer, "version").content;
  fields.end();
  if (version[0] !== 2 || version.length > 1)
    throw new PkiError("CERTIFICATE_MALFORMED", "the version is not 3");
}

function readExtensionsField(
  explicit: DerElement | undefined,
): Pick<CertificateFields, "extensions" | "extensionsDer"> {
  if (explicit === undefined) return { extensions: [], extensionsDer: new Uint8Array() };
  const fields = new DerCursor(explicit, "extensions");
  const element = fields.take(tag.sequence, "extensions");
  fields.end();
  return { extensions: readExtensions(element), extensionsDer: element.raw };
}
