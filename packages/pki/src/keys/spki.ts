import { equalBytes } from "../bytes.ts";
import { openElement } from "../der/cursor.ts";
import { type DerElement, parseDer } from "../der/reader.ts";
import { tag } from "../der/tag.ts";
import { dottedOid, wholeOctets } from "../der/values.ts";
import { PkiError } from "../errors.ts";
import { oidName } from "../oids.ts";
import type { KeyAlgorithm } from "./key-algorithm.ts";
import type { RsaLimits } from "./rsa/rules.ts";

/** The facts of an acceptable SubjectPublicKeyInfo. */
export interface SpkiFacts {
  /** `P-256`, `P-384`, or `RSA-` with the bits of the modulus. */
  readonly type: string;
  readonly algorithm: KeyAlgorithm;
}

/**
 * Reads a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) and decides whether its key is acceptable before OpenSSL sees
 * any of it. @throws PkiError `KEY_REJECTED` or `DER_MALFORMED`
 */
export function parseSpki(spki: Uint8Array, limits: RsaLimits, accepted: readonly KeyAlgorithm[]): SpkiFacts {
  const info = openElement(parseDer(spki), tag.sequence, "SubjectPublicKeyInfo");
  const identifier = info.take(tag.sequence, "algorithm");
  const key = wholeOctets(info.take(tag.bitString, "subjectPublicKey"), "subjectPublicKey");
  info.end();
  const algorithm = readKeyAlgorithm(identifier, accepted);
  return { algorithm, type: algorithm.readType(key, limits) };
}

function readKeyAlgorithm(identifier: DerElement, accepted: readonly KeyAlgorithm[]): KeyAlgorithm {
  const fields = openElement(identifier, tag.sequence, "AlgorithmIdentifier");
  const dotted = dottedOid(fields.take(tag.oid, "algorithm").content);
  const found = accepted.find((known) => equalBytes(known.identifier, identifier.raw));
  if (found !== undefined) return found;
  const names = accepted.map(({ name }) => name).join(", ");
  const seen = accepted.some(({ oid }) => oid === dotted) ? "other parameters of " : "";
  throw new PkiError(
    "KEY_REJECTED",
    `unsupported key algorithm: expected one of ${names}, found ${seen}${oidName(dotted)}`,
  );
}
