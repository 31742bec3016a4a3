import { X509Certificate } from "node:crypto";
import { equalBytes } from "../bytes.ts";
import type { Certificate } from "../certificate/certificate.ts";
import { readCertificateFields } from "../certificate/certificate-fields.ts";
import type { Validity } from "../certificate/profile.ts";
import { primitiveTag, tag } from "../der/tag.ts";
import { encode, encodeExtension, encodeOid, encodeSequence } from "../der/writer.ts";
import { PkiError } from "../errors.ts";
import type { LeafKeyUsage } from "../keys/key-algorithm.ts";
import type { PublicKey } from "../keys/public-key.ts";
import { dnsTag, uriTag } from "../names/general-name.ts";
import type { SpiffeId } from "../names/spiffe-id.ts";
import { oid } from "../oids.ts";

/** The intended content of a workload certificate. */
export interface ExpectedWorkloadCertificate {
  readonly spiffeId: SpiffeId;
  /** Names that the policy adds for clients that verify only host names. */
  readonly dnsNames?: readonly string[];
  readonly publicKey: PublicKey;
  readonly issuer: Certificate;
  readonly validity: Validity;
}

/**
 * A random 128-bit serial takes at most 17 octets with its sign octet; one with fewer than 12 was not random.
 */
const minSerialLength = 12;
const maxSerialLength = 16;

/**
 * Checks a finished workload certificate independently of the writer, octet by octet and with OpenSSL. A
 * certificate that differs from the approved order must not leave the CA.
 * @throws PkiError `LINT_FAILED` naming the rule
 */
export function lintWorkloadCertificate(c: Certificate, expected: ExpectedWorkloadCertificate): void {
  for (const [rule, holds] of Object.entries(rules)) {
    if (!holds(c, expected)) throw new PkiError("LINT_FAILED", `the certificate violates a rule: ${rule}`);
  }
}

type Rule = (c: Certificate, expected: ExpectedWorkloadCertificate) => boolean;

const rules: Readonly<Record<string, Rule>> = {
  "the serial is 96 to 128 random bits": (c) => {
    const octets = c.serial.length / 2;
    return octets >= minSerialLength && octets <= maxSerialLength;
  },
  "the issuer is the signer's subject": (c, { issuer }) => equalBytes(c.issuer, issuer.subject),
  "the validity is the approved one": (c, { validity }) =>
    c.notBefore.getTime() === validity.notBefore.getTime() &&
    c.notAfter.getTime() === validity.notAfter.getTime(),
  "it expires after it becomes valid and not after its issuer": (c, { issuer }) =>
    c.notBefore.getTime() < c.notAfter.getTime() && c.notAfter.getTime() <= issuer.notAfter.getTime(),
  "the subject is empty or the identity": (c, { spiffeId }) =>
    equalBytes(c.subject, encodeSequence()) || equalBytes(c.subject, commonNameOnly(spiffeId)),
  "the key is the requester's": (c, { publicKey }) => c.publicKey.equals(publicKey),
  "the extensions are the profile's, in its order": hasProfileExtensions,
  "the names are the approved identity and the DNS names of the policy": (c, { spiffeId, dnsNames = [] }) =>
    c.spiffeId?.equals(spiffeId) === true && c.dnsNames.join() === dnsNames.join() && !c.isCa,
  "the signature is the issuer's": (c, { issuer }) => c.isIssuedBy(issuer),
  "OpenSSL reads the same content": isSameToOpenssl,
};

function hasProfileExtensions(c: Certificate, expected: ExpectedWorkloadCertificate): boolean {
  const found = readCertificateFields(c.der).extensions.map((e) =>
    encodeExtension(e.oid, e.critical, e.value),
  );
  return equalBytes(Buffer.concat(found), Buffer.concat(profileExtensions(expected)));
}

/** RFC 5280 §4.2.1.3. */
const keyUsageBits: Readonly<Record<LeafKeyUsage, number>> = { digitalSignature: 0, keyEncipherment: 2 };

/** The five extensions of the leaf profile in DER, built without the writer's library. */
function profileExtensions(expected: ExpectedWorkloadCertificate): Uint8Array[] {
  const { spiffeId, dnsNames = [], publicKey, issuer } = expected;
  const usage = namedBits(publicKey.algorithm.leafKeyUsage.map((name) => keyUsageBits[name]));
  const purposes = encodeSequence(encodeOid(oid.serverAuth), encodeOid(oid.clientAuth));
  const keyId = issuer.subjectKeyIdentifier;
  const authority = keyId === undefined ? [] : [encodeSequence(encode(primitiveTag(0), keyId))];
  const names = [
    encode(uriTag, Buffer.from(spiffeId.toString(), "latin1")),
    ...dnsNames.map((name) => encode(dnsTag, Buffer.from(name, "latin1"))),
  ];
  return [
    encodeExtension(oid.keyUsage, true, encode(tag.bitString, usage)),
    encodeExtension(oid.extKeyUsage, false, purposes),
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

function commonNameOnly(spiffeId: SpiffeId): Uint8Array {
  const value = encode(tag.utf8String, Buffer.from(spiffeId.toString(), "latin1"));
  return encodeSequence(encode(tag.set, encodeSequence(encodeOid(oid.commonName), value)));
}

function isSameToOpenssl(
  c: Certificate,
  { spiffeId, dnsNames = [], publicKey, issuer }: ExpectedWorkloadCertificate,
): boolean {
  const names = [`URI:${spiffeId}`, ...dnsNames.map((name) => `DNS:${name}`)].join(", ");
  try {
    const seen = new X509Certificate(c.der);
    return (
      !seen.ca &&
      seen.subjectAltName === names &&
      seen.publicKey.equals(publicKey.keyObject) &&
      seen.checkIssued(new X509Certificate(issuer.der))
    );
  } catch {
    // OpenSSL throws on certificates that it cannot read.
    return false;
  }
}
