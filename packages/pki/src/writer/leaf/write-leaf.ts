import { equalBytes, toHex } from "../../bytes.ts";
import { Certificate } from "../../certificate/certificate.ts";
import { PkiError } from "../../errors.ts";
import type { LeafTemplate, Signer } from "../templates.ts";
import { encodeLeafContent, encodeSignedLeaf } from "./encode.ts";
import { prepareLeaf } from "./profile.ts";

/**
 * Writes and signs a leaf. The parser reads it back, but its signature is not verified here: that is the lint's
 * part, which every issued leaf passes. @throws PkiError `LINT_FAILED` if the result differs from the template
 */
export async function writeLeaf(template: LeafTemplate, issuer: Signer): Promise<Certificate> {
  const { certificate, signingKey } = issuer;
  if (!signingKey.publicKey.equals(certificate.publicKey)) {
    throw new PkiError("LINT_FAILED", "the signing key is not that of the signer's certificate");
  }
  if (template.serial.length === 0) throw new PkiError("LINT_FAILED", "the serial is empty");
  const frame = prepareLeaf(certificate, template.publicKey.algorithm, template.serverOnly ?? false);
  const toBeSigned = encodeLeafContent(template, frame);
  const signature = await signingKey.sign(toBeSigned);
  const der = encodeSignedLeaf(toBeSigned, frame, signature);
  return checkWritten(new Certificate(der, { knownKey: template.publicKey }), template, certificate);
}

function checkWritten(written: Certificate, template: LeafTemplate, issuer: Certificate): Certificate {
  const { serial, validity, publicKey } = template;
  const isAsAsked =
    written.serial === toHex(serial) &&
    written.notBefore.getTime() === validity.notBefore.getTime() &&
    written.notAfter.getTime() === validity.notAfter.getTime() &&
    written.publicKey.equals(publicKey) &&
    equalBytes(written.issuer, issuer.subject);
  if (!isAsAsked) throw new PkiError("LINT_FAILED", "the certificate differs from its template");
  return written;
}
