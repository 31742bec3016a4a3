import "reflect-metadata";

import { Crypto } from "@peculiar/webcrypto";
import { type Extension, Name } from "@peculiar/x509";
import { equalBytes, toHex } from "../bytes.ts";
import { Certificate } from "../certificate/certificate.ts";
import type { Validity } from "../certificate/profile.ts";
import { encodeBits, encodeSequence } from "../der/writer.ts";
import { PkiError } from "../errors.ts";
import type { PublicKey } from "../keys/public-key.ts";
import type { SigningKey } from "../keys/signing-key.ts";
import { lintAuthorityCertificate } from "../lint/authority.ts";
import { lintCrossCertificate } from "../lint/cross.ts";
import { crossExtensions, intermediateExtensions, rootExtensions } from "./extensions.ts";
import { writeLeaf } from "./leaf/write-leaf.ts";
import type { CrossTemplate, IntermediateTemplate, LeafTemplate, RootTemplate, Signer } from "./templates.ts";
import { encodeToBeSigned } from "./to-be-signed.ts";

export type { SubjectAltName } from "./subject-alt-name.ts";
export type { LeafTemplate, Signer } from "./templates.ts";

/**
 * Writes certificates of the four fixed profiles. This package's parser has read back every certificate that
 * it returns.
 */
export interface CertificateWriter {
  /**
   * A leaf for TLS clients and servers, under the signer's raw name. Its signature is not verified: that is the
   * part of the lint. @throws PkiError `LINT_FAILED` if the result differs from the template
   */
  writeLeaf(template: LeafTemplate, issuer: Signer): Promise<Certificate>;
  /**
   * An intermediate with subject `O=<organization>, CN=<commonName>` and path length 0. @throws PkiError
   * `LINT_FAILED` if the result differs from the template
   */
  writeIntermediate(template: IntermediateTemplate, issuer: Signer): Promise<Certificate>;
  /**
   * A self-signed root with subject `O=<organization>`. @throws PkiError `LINT_FAILED` if the result differs
   * from the template
   */
  writeRoot(template: RootTemplate, signingKey: SigningKey): Promise<Certificate>;
  /**
   * A certificate of a root's name and key, signed by an older root (RFC 4949, cross-certificate). @throws
   * PkiError `LINT_FAILED` if one of the roots has no subject key identifier, or if the result differs from
   * the template
   */
  writeCross(template: CrossTemplate, issuer: Signer): Promise<Certificate>;
}

interface Content {
  readonly serial: Uint8Array;
  readonly validity: Validity;
  readonly publicKey: PublicKey;
  readonly subject: Name;
  readonly issuer: Name;
  readonly extensions: Extension[];
}

/**
 * The writer. @peculiar/x509 encodes the certificates of authorities, which are rare; our own encoder, the leaves. It
 * has its own entry point because the library costs 8 MiB and 100 ms, and the agent never writes certificates.
 */
export function createCertificateWriter(): CertificateWriter {
  const crypto = new Crypto();

  return {
    writeLeaf,

    async writeIntermediate({ organization, commonName, permittedTrustDomain, ...rest }, issuer) {
      const subject = name({ O: organization, CN: commonName });
      const { subjectKeyIdentifier } = issuer.certificate;
      const extensions = intermediateExtensions(rest.publicKey, subjectKeyIdentifier, permittedTrustDomain);
      const written = await writeUnder(issuer, { ...rest, subject, extensions }, crypto);
      const constraint = permittedTrustDomain === undefined ? {} : { permittedTrustDomain };
      const above = { pathLength: 0, issuer: issuer.certificate, ...constraint };
      lintAuthorityCertificate(written, { organization, commonName, ...above });
      return written;
    },

    async writeRoot({ organization, ...rest }, signingKey) {
      const { publicKey } = signingKey;
      const subject = name({ O: organization });
      const content = { ...rest, publicKey, subject, issuer: subject, extensions: rootExtensions(publicKey) };
      const root = await write(content, signingKey, crypto);
      lintAuthorityCertificate(root, { organization });
      return root;
    },

    async writeCross({ root, ...rest }, issuer) {
      const { publicKey } = root;
      const subject = new Name(Buffer.from(root.subject));
      const extensions = crossExtensions(root.subjectKeyIdentifier, issuer.certificate.subjectKeyIdentifier);
      const written = await writeUnder(issuer, { ...rest, publicKey, subject, extensions }, crypto);
      lintCrossCertificate(written, { subject: root, issuer: issuer.certificate });
      return written;
    },
  };
}

async function writeUnder(
  { certificate, signingKey }: Signer,
  content: Omit<Content, "issuer">,
  crypto: Crypto,
): Promise<Certificate> {
  const issuer = new Name(Buffer.from(certificate.subject));
  return checkIssuedBy(await write({ ...content, issuer }, signingKey, crypto), certificate);
}

/** The library encodes the content, the key signs it, and this function assembles the certificate. */
async function write(content: Content, key: SigningKey, crypto: Crypto): Promise<Certificate> {
  const { serial, validity, publicKey, ...namesAndExtensions } = content;
  const { tbsCertificate, signatureAlgorithm } = await encodeToBeSigned(
    {
      ...namesAndExtensions,
      ...validity,
      serialNumber: toHex(serial),
      publicKey: Uint8Array.from(publicKey.spki),
    },
    key.publicKey,
    crypto,
  );
  const signature = await key.sign(tbsCertificate);
  const der = encodeSequence(tbsCertificate, signatureAlgorithm, encodeBits(signature));
  return checkWritten(new Certificate(der), content);
}

/** A Name with one attribute per part, passed as data because the library would parse text. */
function name(attributes: Readonly<Record<string, string>>): Name {
  return new Name(Object.entries(attributes).map(([type, value]) => ({ [type]: [{ utf8String: value }] })));
}

/**
 * The library replaces an empty serial and missing dates with its own, so the result must match the template.
 */
function checkWritten(written: Certificate, { serial, validity, publicKey }: Content): Certificate {
  const isAsAsked =
    written.serial === toHex(serial) &&
    written.notBefore.getTime() === validity.notBefore.getTime() &&
    written.notAfter.getTime() === validity.notAfter.getTime() &&
    written.publicKey.equals(publicKey);
  if (!isAsAsked) throw new PkiError("LINT_FAILED", "the certificate differs from its template");
  return written;
}

/** The library re-encodes names. If the signer's name changed, the leaves would not chain to it. */
function checkIssuedBy(written: Certificate, issuer: Certificate): Certificate {
  if (!equalBytes(written.issuer, issuer.subject) || !written.isIssuedBy(issuer)) {
    throw new PkiError("LINT_FAILED", "the certificate does not chain to its signer");
  }
  return written;
}
