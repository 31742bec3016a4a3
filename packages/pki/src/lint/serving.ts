import { X509Certificate } from "node:crypto";
import { equalBytes } from "../bytes.ts";
import type { Certificate } from "../certificate/certificate.ts";
import type { Validity } from "../certificate/profile.ts";
import { encode, encodeSequence } from "../der/writer.ts";
import { PkiError } from "../errors.ts";
import type { PublicKey } from "../keys/public-key.ts";
import { dnsTag, ipTag, uriTag } from "../names/general-name.ts";
import { ipOctets } from "../names/ip-octets.ts";
import { oid } from "../oids.ts";
import { hasLeafExtensions, hasRandomSerial, hasSignersAlgorithm } from "./leaf-profile.ts";
import { expiresWithin, hasValidity } from "./leaf-times.ts";
import { opensslIssuer } from "./openssl-issuer.ts";

/** A name under which clients reach the server. */
interface ServerName {
  readonly kind: "dns" | "ip" | "uri";
  readonly value: string;
}

/** The intended content of the CA's own serving certificate. */
export interface ExpectedServingCertificate {
  /** DNS names, IP addresses and at most one URI, in order. */
  readonly names: readonly ServerName[];
  readonly publicKey: PublicKey;
  readonly issuer: Certificate;
  readonly validity: Validity;
}

/**
 * Checks a finished serving certificate independently of the writer, octet by octet and with OpenSSL.
 * @throws PkiError `LINT_FAILED` naming the rule
 */
export function lintServingCertificate(c: Certificate, expected: ExpectedServingCertificate): void {
  for (const [rule, holds] of Object.entries(rules)) {
    if (!holds(c, expected))
      throw new PkiError("LINT_FAILED", `the serving certificate violates a rule: ${rule}`);
  }
}

type Rule = (c: Certificate, expected: ExpectedServingCertificate) => boolean;

const rules: Readonly<Record<string, Rule>> = {
  "the serial is 96 to 128 random bits": hasRandomSerial,
  "the issuer is the signer's subject": (c, { issuer }) => equalBytes(c.issuer, issuer.subject),
  "the signature algorithm is that of the signer's key": (c, { issuer }) => hasSignersAlgorithm(c, issuer),
  "the validity is the intended one, and does not exceed its issuer's": (c, { validity, issuer }) =>
    hasValidity(c, validity) && expiresWithin(c, issuer),
  "the subject is empty": (c) => equalBytes(c.subject, encodeSequence()),
  "the key is the server's": (c, { publicKey }) => c.publicKey.equals(publicKey),
  "the extensions are the profile's, in its order": (c, { names, publicKey, issuer }) =>
    hasLeafExtensions(c, { publicKey, issuer, purposes, names: names.map(encodeName), hasSubject: false }),
  "it names no identity but the server's own, and is no CA": (c, { names }) =>
    c.uriNames.join() === urisOf(names).join() && c.uriNames.length <= 1 && !c.isCa,
  "the signature is the issuer's": (c, { issuer }) => c.isIssuedBy(issuer),
  "OpenSSL accepts it for every name": isAcceptedByOpenssl,
};

const purposes = [oid.serverAuth];

function encodeName({ kind, value }: ServerName): Uint8Array {
  if (kind === "ip") return encode(ipTag, ipOctets(value));
  return encode(kind === "uri" ? uriTag : dnsTag, Buffer.from(value, "latin1"));
}

function urisOf(names: readonly ServerName[]): readonly string[] {
  return names.filter(({ kind }) => kind === "uri").map(({ value }) => value);
}

function isAcceptedByOpenssl(c: Certificate, { names, issuer }: ExpectedServingCertificate): boolean {
  try {
    const seen = new X509Certificate(c.der);
    const read = seen.subjectAltName?.split(", ") ?? [];
    const isNamed = ({ kind, value }: ServerName) => {
      if (kind === "uri") return read.includes(`URI:${value}`);
      return kind === "ip" ? seen.checkIP(value) : seen.checkHost(value);
    };
    return !seen.ca && names.every(isNamed) && seen.checkIssued(opensslIssuer(issuer));
  } catch {
    // OpenSSL throws on certificates that it cannot read.
    return false;
  }
}
