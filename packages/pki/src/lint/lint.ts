import { X509Certificate } from "node:crypto";
import { equalBytes, toHex } from "../bytes.ts";
import type { Certificate } from "../certificate/certificate.ts";
import type { Validity } from "../certificate/profile.ts";
import { tag } from "../der/tag.ts";
import { encode, encodeOid, encodeSequence } from "../der/writer.ts";
import { PkiError } from "../errors.ts";
import type { PublicKey } from "../keys/public-key.ts";
import { dnsTag, uriTag } from "../names/general-name.ts";
import type { SpiffeId } from "../names/spiffe-id.ts";
import { oid } from "../oids.ts";
import { hasLeafExtensions, hasRandomSerial, hasSignersAlgorithm } from "./leaf-profile.ts";
import { expiresWithin, hasValidity } from "./leaf-times.ts";
import { opensslIssuer } from "./openssl-issuer.ts";

/** The intended content of a workload certificate. */
export interface ExpectedWorkloadCertificate {
  readonly spiffeId: SpiffeId;
  /** Names that the policy adds for clients that verify only host names. */
  readonly dnsNames?: readonly string[];
  /** The identity, for clients that read only the common name; undefined for an empty subject. */
  readonly commonName?: string | undefined;
  readonly serial: Uint8Array;
  readonly publicKey: PublicKey;
  readonly issuer: Certificate;
  readonly validity: Validity;
}

/**
 * Checks a finished workload certificate independently of the writer, octet by octet and with OpenSSL. A
 * certificate that differs from the approved order must not leave the CA.
 * @throws PkiError `LINT_FAILED` naming the rule
 */
export function lintWorkloadCertificate(c: Certificate, expected: ExpectedWorkloadCertificate): void {
  for (const [rule, holds] of rules) {
    if (!holds(c, expected)) throw new PkiError("LINT_FAILED", `the certificate violates a rule: ${rule}`);
  }
}

type Rule = (c: Certificate, expected: ExpectedWorkloadCertificate) => boolean;

/** RFC 5280 appendix A.1, ub-common-name. */
const maxCommonName = 64;

const rules: readonly (readonly [name: string, holds: Rule])[] = Object.entries({
  "the serial is the intended one": (c, { serial }) => c.serial === toHex(serial),
  "the serial is 96 to 128 random bits": hasRandomSerial,
  "the issuer is the signer's subject": (c, { issuer }) => equalBytes(c.issuer, issuer.subject),
  "the signature algorithm is that of the signer's key": (c, { issuer }) => hasSignersAlgorithm(c, issuer),
  "the validity is the approved one": (c, { validity }) => hasValidity(c, validity),
  "it expires after it becomes valid and not after its issuer": (c, { issuer }) => expiresWithin(c, issuer),
  "the subject is empty or the identity": hasSubject,
  "the key is the requester's": (c, { publicKey }) => c.publicKey.equals(publicKey),
  "the extensions are the profile's, in its order": hasProfileExtensions,
  "the names are the approved identity and the DNS names of the policy": hasNames,
  "the signature is the issuer's": (c, { issuer }) => c.isIssuedBy(issuer),
  "OpenSSL reads the same content": isSameToOpenssl,
} satisfies Readonly<Record<string, Rule>>);

const purposes = [oid.serverAuth, oid.clientAuth];

function hasProfileExtensions(c: Certificate, expected: ExpectedWorkloadCertificate): boolean {
  const { spiffeId, dnsNames = [], commonName, publicKey, issuer } = expected;
  const hasSubject = commonName !== undefined;
  const names = [
    encode(uriTag, Buffer.from(spiffeId.toString(), "latin1")),
    ...dnsNames.map((name) => encode(dnsTag, Buffer.from(name, "latin1"))),
  ];
  return hasLeafExtensions(c, { publicKey, issuer, purposes, names, hasSubject });
}

function hasNames(c: Certificate, { spiffeId, dnsNames = [] }: ExpectedWorkloadCertificate): boolean {
  const [uri, ...more] = c.uriNames;
  const isOnlyIdentity = uri === spiffeId.toString() && more.length === 0;
  const hasNoOthers = c.extensions.names.length === 1 + dnsNames.length;
  return isOnlyIdentity && hasNoOthers && c.dnsNames.join() === dnsNames.join() && !c.isCa;
}

function hasSubject(c: Certificate, { spiffeId, commonName }: ExpectedWorkloadCertificate): boolean {
  if (commonName === undefined) return equalBytes(c.subject, emptySubject);
  const isIdentity = commonName === spiffeId.toString() && commonName.length <= maxCommonName;
  return isIdentity && equalBytes(c.subject, commonNameOnly(commonName));
}

const emptySubject = encodeSequence();

function commonNameOnly(commonName: string): Uint8Array {
  const value = encode(tag.utf8String, Buffer.from(commonName, "latin1"));
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
      seen.checkIssued(opensslIssuer(issuer))
    );
  } catch {
    // OpenSSL throws on certificates that it cannot read.
    return false;
  }
}
