import { equalBytes } from "../bytes.ts";
import type { Certificate } from "../certificate/certificate.ts";
import { primitiveTag, tag } from "../der/tag.ts";
import { encode, encodeExtension, encodeOid, encodeSequence } from "../der/writer.ts";
import type { KeyAlgorithm, LeafKeyUsage } from "../keys/key-algorithm.ts";
import type { PublicKey } from "../keys/public-key.ts";
import { oid } from "../oids.ts";

/** The parts of a leaf's profile that differ between workload and serving certificates. */
export interface LeafProfile {
  readonly publicKey: PublicKey;
  readonly issuer: Certificate;
  readonly purposes: LeafPurposes;
  /** The subject alternative names in DER, in order. */
  readonly names: readonly Uint8Array[];
  /** Whether the certificate is to have a subject. */
  readonly hasSubject: boolean;
}

/** The object identifiers of the extended key usage, in order. There are two such lists, each created once. */
type LeafPurposes = readonly string[];

/** The most that RFC 5280 §4.1.2.2 allows; a serial with fewer than 12 octets was not random. */
const minSerialLength = 12;
const maxSerialLength = 20;

export function hasRandomSerial({ serial }: Certificate): boolean {
  const octets = serial.length / 2;
  return octets >= minSerialLength && octets <= maxSerialLength;
}

/** Another algorithm would also verify, but not for every client: P-384 with SHA-256, RSA with SHA-512. */
export function hasSignersAlgorithm({ fields }: Certificate, issuer: Certificate): boolean {
  return fields.signatureAlgorithm === issuer.publicKey.algorithm.signature;
}

/** Whether a certificate has exactly the extensions of the profile, octet by octet and in order. */
export function hasLeafExtensions({ fields }: Certificate, profile: LeafProfile): boolean {
  const names = encode(tag.octetString, encodeSequence(...profile.names));
  const head = profile.hasSubject ? headOfNames : headOfCriticalNames;
  const expected = encodeSequence(sharedExtensions(profile), encodeSequence(head, names));
  return equalBytes(fields.extensionsDer, expected);
}

/** The head of subjectAltName, which RFC 5280 §4.2.1.6 wants critical only if the subject is empty. */
const headOfNames = encodeOid(oid.subjectAltName);
const headOfCriticalNames = Buffer.concat([headOfNames, encode(tag.boolean, Uint8Array.of(0xff))]);

type Shared = Map<KeyAlgorithm, Map<LeafPurposes, Uint8Array>>;

const shared = new WeakMap<Certificate, Shared>();

/** The four extensions before the names, which all leaves of an issuer, key algorithm and purpose share. */
function sharedExtensions({ publicKey: { algorithm }, issuer, purposes }: LeafProfile): Uint8Array {
  const ofIssuer: Shared = shared.get(issuer) ?? new Map();
  const ofAlgorithm = ofIssuer.get(algorithm) ?? new Map<LeafPurposes, Uint8Array>();
  const known = ofAlgorithm.get(purposes);
  if (known !== undefined) return known;
  const encoded = Buffer.concat(encodeShared(algorithm, issuer, purposes));
  shared.set(issuer, ofIssuer.set(algorithm, ofAlgorithm.set(purposes, encoded)));
  return encoded;
}

/** RFC 5280 §4.2.1.3. */
const keyUsageBits: Readonly<Record<LeafKeyUsage, number>> = { digitalSignature: 0, keyEncipherment: 2 };

/** Built without the writer's code. */
function encodeShared(algorithm: KeyAlgorithm, issuer: Certificate, purposes: LeafPurposes): Uint8Array[] {
  const usage = namedBits(algorithm.leafKeyUsage.map((name) => keyUsageBits[name]));
  const keyId = issuer.subjectKeyIdentifier;
  const authority = keyId === undefined ? [] : [encodeSequence(encode(primitiveTag(0), keyId))];
  return [
    encodeExtension(oid.keyUsage, true, encode(tag.bitString, usage)),
    encodeExtension(oid.extKeyUsage, false, encodeSequence(...purposes.map((purpose) => encodeOid(purpose)))),
    encodeExtension(oid.basicConstraints, true, encodeSequence()),
    ...authority.map((value) => encodeExtension(oid.authorityKeyIdentifier, false, value)),
  ];
}

/** A named bit list in DER has no trailing zero bits (X.690 §11.2.2); bit 0 is the first. */
function namedBits(bits: readonly number[]): Uint8Array {
  const last = Math.max(...bits);
  const octet = bits.reduce((set, bit) => set | (0x80 >> bit), 0);
  return Uint8Array.of(7 - last, octet);
}
