import { openElement } from "../der/cursor.ts";
import { parseDer } from "../der/reader.ts";
import { tag } from "../der/tag.ts";
import { dottedOid } from "../der/values.ts";
import { PkiError } from "../errors.ts";
import { type GeneralName, readGeneralNames } from "../names/general-name.ts";
import { oid } from "../oids.ts";
import { type AuthorityCertificate, readAuthorityKeyIdentifier } from "./authority-key-identifier.ts";
import type { Extension } from "./extension.ts";
import { type NameConstraints, readNameConstraints } from "./name-constraints.ts";

/** The decoded extensions that decide what a certificate may do. */
export interface CertificateExtensions {
  readonly isCa: boolean;
  /** How many intermediates may follow; undefined means any number. */
  readonly pathLength: number | undefined;
  /** False if there is a keyUsage without keyCertSign. */
  readonly maySignCertificates: boolean;
  /**
   * Object identifiers of the key's permitted purposes (extKeyUsage); undefined if the extension is absent.
   */
  readonly purposes: readonly string[] | undefined;
  readonly names: readonly GeneralName[];
  readonly nameConstraints: NameConstraints | undefined;
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  /** Names the issuer's key; undefined if the extension is absent or names the issuer in another way. */
  readonly authorityKeyIdentifier: Uint8Array | undefined;
  /** Names the issuer's certificate, as the other half of authorityKeyIdentifier (RFC 5280 §4.2.1.1). */
  readonly authorityCertificate: AuthorityCertificate | undefined;
  /** The value of policyConstraints, not yet decoded. */
  readonly policyConstraints: Uint8Array | undefined;
  /**
   * Critical extensions that this package does not process. RFC 5280 §4.2 requires such chains to be
   * rejected.
   */
  readonly unprocessedCritical: readonly string[];
}

const keyCertSign = 0x04;

/** Critical extensions that a chain check processes, or that have no effect unless a policy is requested. */
const processed: ReadonlySet<string> = new Set([
  oid.basicConstraints,
  oid.keyUsage,
  oid.extKeyUsage,
  oid.subjectAltName,
  oid.certificatePolicies,
  oid.policyConstraints,
  oid.inhibitAnyPolicy,
  oid.nameConstraints,
]);

/** Decodes the extensions of a certificate. @throws PkiError `DER_MALFORMED` */
export function readCertificateExtensions(extensions: readonly Extension[]): CertificateExtensions {
  const valueOfExtension = (wanted: string) =>
    extensions.find((extension) => extension.oid === wanted)?.value;
  return {
    ...readBasicConstraints(valueOfExtension(oid.basicConstraints)),
    maySignCertificates: allowsCertSign(valueOfExtension(oid.keyUsage)),
    purposes: optionally(valueOfExtension(oid.extKeyUsage), readPurposes),
    names: optionally(valueOfExtension(oid.subjectAltName), readGeneralNames) ?? [],
    nameConstraints: optionally(valueOfExtension(oid.nameConstraints), readNameConstraints),
    subjectKeyIdentifier: optionally(valueOfExtension(oid.subjectKeyIdentifier), readKeyIdentifier),
    ...readAuthorityKeyIdentifier(valueOfExtension(oid.authorityKeyIdentifier)),
    policyConstraints: valueOfExtension(oid.policyConstraints),
    unprocessedCritical: extensions.filter((e) => e.critical && !processed.has(e.oid)).map((e) => e.oid),
  };
}

function readBasicConstraints(value: Uint8Array | undefined): {
  isCa: boolean;
  pathLength: number | undefined;
} {
  if (value === undefined) return { isCa: false, pathLength: undefined };
  const fields = openElement(parseDer(value), tag.sequence, "BasicConstraints");
  const flag = fields.takeOptional(tag.boolean);
  const length = fields.takeOptional(tag.integer);
  fields.end();
  if (flag?.content[0] === 0) {
    throw new PkiError("DER_MALFORMED", "not canonical DER: the default value of cA is encoded");
  }
  if (length === undefined) return { isCa: flag !== undefined, pathLength: undefined };
  const [pathLength = 0, ...more] = length.content;
  if (flag === undefined || more.length > 0 || pathLength > 127) {
    throw new PkiError("DER_MALFORMED", "pathLenConstraint is out of place or out of range");
  }
  return { isCa: true, pathLength };
}

function allowsCertSign(keyUsage: Uint8Array | undefined): boolean {
  // Roots created with openssl's defaults have no keyUsage. RFC 5280 §6.1.4 (n) checks the bit only if the
  // extension is present.
  if (keyUsage === undefined) return true;
  const bits = parseDer(keyUsage);
  if (bits.tag !== tag.bitString) throw new PkiError("DER_MALFORMED", "keyUsage has the wrong type");
  const [, first = 0] = bits.content;
  return (first & keyCertSign) !== 0;
}

/**
 * At least one (RFC 5280 §4.2.1.12): readers that index the first element of an empty list have crashed on
 * such certificates.
 */
function readPurposes(value: Uint8Array): readonly string[] {
  const purposes = parseDer(value);
  openElement(purposes, tag.sequence, "ExtKeyUsageSyntax");
  if (purposes.children.length === 0) throw new PkiError("DER_MALFORMED", "extKeyUsage names no purpose");
  return purposes.children.map((purpose) => {
    if (purpose.tag !== tag.oid) throw new PkiError("DER_MALFORMED", "extKeyUsage has the wrong type");
    return dottedOid(purpose.content);
  });
}

function readKeyIdentifier(value: Uint8Array): Uint8Array {
  const identifier = parseDer(value);
  if (identifier.tag !== tag.octetString) {
    throw new PkiError("DER_MALFORMED", "subjectKeyIdentifier has the wrong type");
  }
  return identifier.content;
}

function optionally<T>(value: Uint8Array | undefined, read: (value: Uint8Array) => T): T | undefined {
  return value === undefined ? undefined : read(value);
}
