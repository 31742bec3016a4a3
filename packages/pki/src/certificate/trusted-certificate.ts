import { type DerCursor, openElement } from "../der/cursor.ts";
import { type DerElement, parseDer } from "../der/reader.ts";
import { constructedTag, tag } from "../der/tag.ts";
import { dottedOid } from "../der/values.ts";
import { encodeSequence } from "../der/writer.ts";
import { PkiError } from "../errors.ts";
import { oid } from "../oids.ts";

/** The purposes of mesh certificates; anyExtendedKeyUsage stands for all. */
const anyPurpose = "2.5.29.37.0";
const purposes = [oid.serverAuth, oid.clientAuth];

/**
 * Returns the certificate in a block of `TRUSTED CERTIFICATE`: OpenSSL writes its own trust settings after it
 * (X509_CERT_AUX). They cannot be passed on, so settings that restrict the purposes of a mesh are rejected.
 * @throws PkiError `DER_MALFORMED`, or `CERTIFICATE_MALFORMED` for such settings
 */
export function withoutTrustSettings(der: Uint8Array): Uint8Array {
  // Two structures in a row are not DER, so they are read as the content of a third one.
  const { children } = parseDer(encodeSequence(der));
  const [certificate, settings, ...more] = children;
  if (certificate === undefined || more.length > 0) {
    throw new PkiError("DER_MALFORMED", "the block is not one certificate with its trust settings");
  }
  if (settings !== undefined) refuseRestrictions(openElement(settings, tag.sequence, "trust settings"));
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
