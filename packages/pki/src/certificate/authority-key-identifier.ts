import { openElement } from "../der/cursor.ts";
import { parseDer } from "../der/reader.ts";
import { constructedTag, primitiveTag, tag } from "../der/tag.ts";

/** A certificate named by its issuer and serial. Either part may be absent. */
export interface AuthorityCertificate {
  /** The raw Names in the order of the extension. Names of other kinds are left out, as OpenSSL does. */
  readonly issuerNames: readonly Uint8Array[];
  /** Without a sign octet, like the serial of a certificate; undefined if absent. */
  readonly serial: Uint8Array | undefined;
}

/** The two ways in which a certificate names the certificate of its issuer (RFC 5280 §4.2.1.1). */
export interface AuthorityKeyIdentifier {
  readonly authorityKeyIdentifier: Uint8Array | undefined;
  readonly authorityCertificate: AuthorityCertificate | undefined;
}

const directoryName = constructedTag(4);

/** Reads the value of the extension, if it is present. @throws PkiError `DER_MALFORMED` */
export function readAuthorityKeyIdentifier(value: Uint8Array | undefined): AuthorityKeyIdentifier {
  if (value === undefined) return { authorityKeyIdentifier: undefined, authorityCertificate: undefined };
  const fields = openElement(parseDer(value), tag.sequence, "AuthorityKeyIdentifier");
  const authorityKeyIdentifier = fields.takeOptional(primitiveTag(0))?.content;
  const issuer = fields.takeOptional(constructedTag(1));
  const serial = fields.takeOptional(primitiveTag(2))?.content;
  if (issuer === undefined && serial === undefined)
    return { authorityKeyIdentifier, authorityCertificate: undefined };
  const names = (issuer?.children ?? []).filter((name) => name.tag === directoryName);
  const issuerNames = names.map(({ content }) => content);
  return { authorityKeyIdentifier, authorityCertificate: { issuerNames, serial: withoutSign(serial) } };
}

function withoutSign(serial: Uint8Array | undefined): Uint8Array | undefined {
  return serial !== undefined && serial.length > 1 && serial[0] === 0 ? serial.subarray(1) : serial;
}
