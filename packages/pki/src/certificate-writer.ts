import "reflect-metadata";

import { Crypto } from "@peculiar/webcrypto";
import { type Extension, Name, X509CertificateGenerator } from "@peculiar/x509";
import { equalBytes, toHex } from "./bytes.ts";
import { Certificate } from "./certificate.ts";
import { PkiError } from "./errors.ts";
import type { KeyPair } from "./key.ts";
import type { Validity } from "./profile.ts";
import type { PublicKey } from "./public-key.ts";
import { leafExtensions, rootExtensions } from "./writer/extensions.ts";
import { createSigningKeys, type SigningKey } from "./writer/signing-key.ts";
import type { SubjectAltName } from "./writer/subject-alt-name.ts";

export type { SubjectAltName } from "./writer/subject-alt-name.ts";

/** An authority at work: its certificate and the key of that certificate. */
export interface Signer {
  readonly certificate: Certificate;
  readonly keyPair: KeyPair;
}

/** All that a leaf says. Every value is ours or already parsed; no text of a caller gets here. */
export interface LeafTemplate {
  readonly serial: Uint8Array;
  readonly validity: Validity;
  readonly publicKey: PublicKey;
  readonly subjectAltNames: readonly SubjectAltName[];
  readonly commonName?: string;
}

/** All that a self-signed root says. */
export interface RootTemplate {
  readonly serial: Uint8Array;
  readonly validity: Validity;
  readonly organization: string;
}

/** Makes certificates of the two fixed profiles. What it returns has been read back by our own parser. */
export interface CertificateWriter {
  /** A leaf for both ends of TLS, under the signer's raw name. @throws PkiError `LINT_FAILED` if it came out wrong */
  writeLeaf(template: LeafTemplate, issuer: Signer): Promise<Certificate>;
  /** A self-signed root with subject `O=<organization>`. @throws PkiError `LINT_FAILED` if it came out wrong */
  writeRoot(template: RootTemplate, keyPair: KeyPair): Promise<Certificate>;
}

interface Content {
  readonly serial: Uint8Array;
  readonly validity: Validity;
  readonly publicKey: PublicKey;
  readonly subject?: Name;
  readonly issuer: Name;
  readonly extensions: Extension[];
}

/**
 * The writer over @peculiar/x509. An entry point of its own, because the library takes 8 MiB and 100 ms that
 * an agent, which writes no certificate, should not pay.
 */
export function createCertificateWriter(): CertificateWriter {
  const crypto = new Crypto();
  const signingKeys = createSigningKeys(crypto);

  return {
    async writeLeaf(template, { certificate, keyPair }) {
      const { commonName, subjectAltNames, ...rest } = template;
      const subject = commonName === undefined ? {} : { subject: name("CN", commonName) };
      const issuer = new Name(Buffer.from(certificate.subject));
      const extensions = leafExtensions(
        template.publicKey,
        subjectAltNames,
        certificate.subjectKeyIdentifier,
      );
      const leaf = await write(
        crypto,
        { ...rest, ...subject, issuer, extensions },
        await signingKeys.of(keyPair),
      );
      return checkIssuedBy(leaf, certificate);
    },

    async writeRoot({ serial, validity, organization }, keyPair) {
      const { publicKey } = keyPair;
      const subject = name("O", organization);
      const extensions = rootExtensions(publicKey);
      const content = { serial, validity, publicKey, subject, issuer: subject, extensions };
      const root = await write(crypto, content, await signingKeys.of(keyPair));
      return checkIssuedBy(root, root);
    },
  };
}

async function write(crypto: Crypto, content: Content, key: SigningKey): Promise<Certificate> {
  const { serial, validity, publicKey, ...namesAndExtensions } = content;
  const params = {
    ...namesAndExtensions,
    ...validity,
    serialNumber: toHex(serial),
    publicKey: Buffer.from(publicKey.spki),
    signingKey: key.cryptoKey,
    signingAlgorithm: key.algorithm,
  };
  const written = await X509CertificateGenerator.create(params, crypto);
  return checkWritten(new Certificate(new Uint8Array(written.rawData)), content);
}

/** A Name of one attribute, given as data, never as text that the library would parse. */
function name(type: "CN" | "O", value: string): Name {
  return new Name([{ [type]: [{ utf8String: value }] }]);
}

/** The library replaces an empty serial and missing dates by its own: nothing of ours may be replaced. */
function checkWritten(written: Certificate, { serial, validity, publicKey }: Content): Certificate {
  const isAsAsked =
    written.serial === toHex(serial) &&
    written.notBefore.getTime() === validity.notBefore.getTime() &&
    written.notAfter.getTime() === validity.notAfter.getTime() &&
    written.publicKey.equals(publicKey);
  if (!isAsAsked) throw new PkiError("LINT_FAILED", "the certificate does not say what its template says");
  return written;
}

/** The library re-encodes names: a signer whose name comes out different would get leaves that chain nowhere. */
function checkIssuedBy(written: Certificate, issuer: Certificate): Certificate {
  if (!equalBytes(written.issuer, issuer.subject) || !written.isIssuedBy(issuer)) {
    throw new PkiError("LINT_FAILED", "the certificate does not chain to its signer");
  }
  return written;
}
