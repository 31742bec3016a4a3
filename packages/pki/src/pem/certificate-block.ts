import { type DerCursor, openElement } from "../der/cursor.ts";
import { type DerElement, parseDer } from "../der/reader.ts";
import { constructedTag, tag } from "../der/tag.ts";
import { dottedOid } from "../der/values.ts";
import { encodeSequence } from "../der/writer.ts";
import { PkiError, withCodes } from "../errors.ts";
import { oid } from "../oids.ts";
import { describeLabel } from "./label.ts";
import { findPemBlocks, inBlock, type PemBlock } from "./scan-pem.ts";

/** The labels of certificates: that of RFC 7468, and an older one of OpenSSL. */
const labels: readonly string[] = ["CERTIFICATE", "X509 CERTIFICATE"];
const trustedLabel = "TRUSTED CERTIFICATE";

/** The purposes of mesh certificates; anyExtendedKeyUsage stands for all. */
const anyPurpose = "2.5.29.37.0";
const purposes = [oid.serverAuth, oid.clientAuth];

/**
 * Returns the certificates of a chain that people made, in order. Blocks of other kinds, such as keys, are left out;
 * one unreadable block rejects the whole file, because a chain with a gap is worse than none.
 * @throws PkiError `PEM_MALFORMED`, or what `parse` throws, naming the block
 */
export function findCertificates<Parsed>(
  pem: string | Uint8Array,
  parse: (der: Uint8Array) => Parsed,
): readonly Parsed[] {
  const blocks = findPemBlocks(pem).filter(isCertificateBlock);
  return blocks.map((block) => inBlock(block, () => parse(certificateIn(block))));
}

/** Returns the DER of the certificate in a block. @throws PkiError if it is a block of another kind, or its trust settings matter */
export function certificateIn({ label, der }: PemBlock): Uint8Array {
  if (label === trustedLabel) return withoutTrustSettings(der);
  if (labels.includes(label)) return der;
  throw new PkiError("CERTIFICATE_MALFORMED", `it is a block of ${describeLabel(label)}, not a certificate`);
}

/** Whether the label is one of those of certificates. */
export function isCertificateBlock({ label }: PemBlock): boolean {
  return label === trustedLabel || labels.includes(label);
}

/**
 * Returns the certificate in a block of `TRUSTED CERTIFICATE`: OpenSSL writes its own trust settings after it
 * (X509_CERT_AUX). They cannot be passed on, so settings that restrict the purposes of a mesh are rejected.
 * @throws PkiError `CERTIFICATE_MALFORMED`
 */
function withoutTrustSettings(der: Uint8Array): Uint8Array {
  // Two structures in a row are not DER, so they are read as the content of a third one.
  const codes = { DER_MALFORMED: "CERTIFICATE_MALFORMED" } as const;
  const { children } = withCodes(codes, () => parseDer(encodeSequence(der)));
  const [certificate, settings, ...more] = children;
  if (certificate === undefined || more.length > 0) {
    throw new PkiError("CERTIFICATE_MALFORMED", "the block is not one certificate with its trust settings");
  }
  if (settings !== undefined) {
    withCodes(codes, () => refuseRestrictions(openElement(settings, tag.sequence, "trust settings")));
  }
  return certificate.raw;
}

function refuseRestrictions(settings: DerCursor): void {
  const trusted = settings.takeOptional(tag.sequence);
  const rejected = settings.takeOptional(constructedTag(0));
  const allowed = trusted === undefined ? [anyPurpose] : oidsOf(trusted);
  const isAllowed = allowed.includes(anyPurpose) || purposes.every((purpose) => allowed.includes(purpose));
  const refused = rejected === undefined ? [] : oidsOf(rejected);
  if (isAllowed && ![anyPurpose, ...purposes].some((purpose) => refused.includes(purpose))) return;
  throw new PkiError(
    "CERTIFICATE_MALFORMED",
    "OpenSSL's trust settings exclude serverAuth or clientAuth: remove the settings with openssl x509",
  );
}

function oidsOf({ children }: DerElement): readonly string[] {
  return children.filter((child) => child.tag === tag.oid).map(({ content }) => dottedOid(content));
}
