import { primitiveTag, tag } from "../der/tag.ts";
import { encode, encodeExtension, encodeSequence } from "../der/writer.ts";
import { oid } from "../oids.ts";

/** The values that differ between the authorities of one profile. */
export interface AuthorityKeyIds {
  readonly keyId: Uint8Array;
  /** Undefined for a root. */
  readonly issuerKeyId: Uint8Array | undefined;
  /** Undefined means any number of intermediates. */
  readonly pathLength?: number | undefined;
}

/** The extensions of an authority without name constraints, in DER. keyUsage is keyCertSign and cRLSign. */
export function plainAuthorityExtensions({ keyId, issuerKeyId, pathLength }: AuthorityKeyIds): Uint8Array[] {
  const length = pathLength === undefined ? [] : [encode(tag.integer, Uint8Array.of(pathLength))];
  const constraints = encodeSequence(encode(tag.boolean, Uint8Array.of(0xff)), ...length);
  return [
    encodeExtension(oid.keyUsage, true, encode(tag.bitString, Uint8Array.of(0x01, 0x06))),
    encodeExtension(oid.basicConstraints, true, constraints),
    encodeExtension(oid.subjectKeyIdentifier, false, encode(tag.octetString, keyId)),
    ...(issuerKeyId === undefined ? [] : [authorityKeyId(issuerKeyId)]),
  ];
}

/** Names the issuer's key only. OpenSSL refuses the chain below a cross-certificate if a serial is named, too. */
function authorityKeyId(keyId: Uint8Array): Uint8Array {
  return encodeExtension(oid.authorityKeyIdentifier, false, encodeSequence(encode(primitiveTag(0), keyId)));
}
