import { X509Certificate } from "node:crypto";
import { equalBytes } from "../bytes.ts";
import type { Certificate } from "../certificate/certificate.ts";
import { constructedTag, tag } from "../der/tag.ts";
import { encode, encodeExtension, encodeOid, encodeSequence } from "../der/writer.ts";
import { PkiError } from "../errors.ts";
import { uriTag } from "../names/general-name.ts";
import type { TrustDomain } from "../names/trust-domain.ts";
import { oid } from "../oids.ts";
import { plainAuthorityExtensions } from "./authority-extensions.ts";

/** The intended content of an authority's certificate, apart from its key and validity. */
export interface ExpectedAuthority {
  readonly organization: string;
  /** Undefined for a root. */
  readonly commonName?: string;
  /** Undefined means any number of intermediates. */
  readonly pathLength?: number;
  readonly permittedTrustDomain?: TrustDomain;
  /** Undefined for a root, which is its own issuer. */
  readonly issuer?: Certificate;
}

/**
 * Checks a finished root or intermediate independently of the writer, octet by octet and with OpenSSL. A
 * mistake would stay in every trust bundle for years.
 * @throws PkiError `LINT_FAILED` naming the rule
 */
export function lintAuthorityCertificate(c: Certificate, expected: ExpectedAuthority): void {
  for (const [rule, holds] of Object.entries(rules)) {
    if (!holds(c, expected)) throw new PkiError("LINT_FAILED", `the authority violates a rule: ${rule}`);
  }
}

type Rule = (c: Certificate, expected: ExpectedAuthority) => boolean;

const rules: Readonly<Record<string, Rule>> = {
  "it expires after it becomes valid": (c) => c.notBefore.getTime() < c.notAfter.getTime(),
  "the subject is the organization, then the common name": (c, { organization, commonName }) =>
    equalBytes(c.subject, subject(organization, commonName)),
  "its name differs from its issuer's, unless it is a root": (c, { issuer }) =>
    equalBytes(c.subject, c.issuer) === (issuer === undefined),
  "the extensions are the profile's, in its order": hasProfileExtensions,
  "the signature is the issuer's": (c, { issuer = c }) => c.isIssuedBy(issuer),
  "OpenSSL reads the same content": isSameToOpenssl,
};

function subject(organization: string, commonName: string | undefined): Uint8Array {
  const common = commonName === undefined ? [] : [attribute(oid.commonName, commonName)];
  return encodeSequence(attribute(oid.organization, organization), ...common);
}

function attribute(type: string, text: string): Uint8Array {
  return encode(tag.set, encodeSequence(encodeOid(type), encode(tag.utf8String, Buffer.from(text))));
}

function hasProfileExtensions(c: Certificate, expected: ExpectedAuthority): boolean {
  const keyId = c.subjectKeyIdentifier;
  if (keyId === undefined) return false;
  const found = c.fields.extensions.map((e) => encodeExtension(e.oid, e.critical, e.value));
  return equalBytes(Buffer.concat(found), Buffer.concat(profileExtensions(keyId, expected)));
}

function profileExtensions(keyId: Uint8Array, expected: ExpectedAuthority): Uint8Array[] {
  const { pathLength, permittedTrustDomain, issuer } = expected;
  return [
    ...plainAuthorityExtensions({ keyId, issuerKeyId: issuer?.subjectKeyIdentifier, pathLength }),
    ...(permittedTrustDomain === undefined ? [] : [uriConstraint(permittedTrustDomain)]),
  ];
}

function uriConstraint({ name }: TrustDomain): Uint8Array {
  const subtree = encodeSequence(encode(uriTag, Buffer.from(name, "latin1")));
  return encodeExtension(oid.nameConstraints, true, encodeSequence(encode(constructedTag(0), subtree)));
}

function isSameToOpenssl(c: Certificate, { issuer = c }: ExpectedAuthority): boolean {
  try {
    const seen = new X509Certificate(c.der);
    return (
      seen.ca &&
      seen.publicKey.equals(c.publicKey.keyObject) &&
      seen.checkIssued(new X509Certificate(issuer.der))
    );
  } catch {
    // OpenSSL throws on certificates that it cannot read.
    return false;
  }
}
