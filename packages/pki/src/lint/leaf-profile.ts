import { equalBytes } from "../bytes.ts";
import type { Certificate } from "../certificate/certificate.ts";
import { readCertificateFields } from "../certificate/certificate-fields.ts";
import { primitiveTag, tag } from "../der/tag.ts";
import { encode, encodeExtension, encodeOid, encodeSequence } from "../der/writer.ts";
import type { LeafKeyUsage } from "../keys/key-algorithm.ts";
import type { PublicKey } from "../keys/public-key.ts";
import { oid } from "../oids.ts";

/** The parts of a leaf's profile that differ between workload and serving certificates. */
export interface LeafProfile {
  readonly publicKey: PublicKey;
  readonly issuer: Certificate;
  /** Object identifiers of the extended key usage, in order. */
  readonly purposes: readonly string[];
  /** The subject alternative names in DER, in order. */
  readonly names: readonly Uint8Array[];
}

/** The most that RFC 5280 §4.1.2.2 allows; a serial with fewer than 12 octets was not random. */
const minSerialLength = 12;
const maxSerialLength = 20;

export function hasRandomSerial({ serial }: Certificate): boolean {
  const octets = serial.length / 2;
  return octets >= minSerialLength && octets <= maxSerialLength;
}

/** Whether a certificate has exactly the extensions of the profile, octet by octet and in order. */
export function hasLeafExtensions(c: Certificate, profile: LeafProfile): boolean {
  const found = readCertificateFields(c.der).extensions.map((e) =>
    encodeExtension(e.oid, e.critical, e.value),
  );
  return equalBytes(Buffer.concat(found), Buffer.concat(profileExtensions(profile)));
}

/** RFC 5280 §4.2.1.3. */
const keyUsageBits: Readonly<Record<LeafKeyUsage, number>> = { digitalSignature: 0, keyEncipherment: 2 };

/** The five extensions of the leaf profile in DER, built without the writer's library. */
function profileExtensions({ publicKey, issuer, purposes, names }: LeafProfile): Uint8Array[] {
  const usage = namedBits(publicKey.algorithm.leafKeyUsage.map((name) => keyUsageBits[name]));
  const keyId = issuer.subjectKeyIdentifier;
  const authority = keyId === undefined ? [] : [encodeSequence(encode(primitiveTag(0), keyId))];
  return [
    encodeExtension(oid.keyUsage, true, encode(tag.bitString, usage)),
    encodeExtension(oid.extKeyUsage, false, encodeSequence(...purposes.map((purpose) => encodeOid(purpose)))),
    encodeExtension(oid.basicConstraints, true, encodeSequence()),
    ...authority.map((value) => encodeExtension(oid.authorityKeyIdentifier, false, value)),
    encodeExtension(oid.subjectAltName, true, encodeSequence(...names)),
  ];
}

/** A named bit list in DER has no trailing zero bits (X.690 §11.2.2); bit 0 is the first. */
function namedBits(bits: readonly number[]): Uint8Array {
  const last = Math.max(...bits);
  const octet = bits.reduce((set, bit) => set | (0x80 >> bit), 0);
  return Uint8Array.of(7 - last, octet);
}
