import { type DerCursor, openElement } from "../der/cursor.ts";
import { parseDer } from "../der/reader.ts";
import { tag } from "../der/tag.ts";
import { dottedOid, positiveInteger, wholeOctets } from "../der/values.ts";
import { PkiError } from "../errors.ts";
import { oid } from "../oids.ts";
import { type EcCurve, pointProblem } from "./ec-curve.ts";
import { bitLength, type RsaLimits, rsaProblem } from "./rsa-rules.ts";

/** What kind of key a SubjectPublicKeyInfo holds. */
export type KeyKind =
  | { readonly family: "EC"; readonly curve: EcCurve }
  | { readonly family: "RSA"; readonly bits: number };

const curvesByOid: ReadonlyMap<string, EcCurve> = new Map([
  [oid.p256, "P-256"],
  [oid.p384, "P-384"],
]);

/**
 * Reads a SubjectPublicKeyInfo (RFC 5480 §2, RFC 3279 §2.3.1) and decides whether its key is acceptable, all
 * before OpenSSL sees one byte of it. @throws PkiError `KEY_REJECTED` or `DER_MALFORMED`
 */
export function parseSpki(spki: Uint8Array, limits: RsaLimits): KeyKind {
  const info = openElement(parseDer(spki), tag.sequence, "SubjectPublicKeyInfo");
  const algorithm = openElement(info.take(tag.sequence, "algorithm"), tag.sequence, "AlgorithmIdentifier");
  const key = wholeOctets(info.take(tag.bitString, "subjectPublicKey"), "subjectPublicKey");
  info.end();
  switch (dottedOid(algorithm.take(tag.oid, "algorithm").content)) {
    case oid.ecPublicKey:
      return parseEcKey(algorithm, key);
    case oid.rsaEncryption:
      return parseRsaKey(algorithm, key, limits);
    default:
      throw new PkiError("KEY_REJECTED", "the key is neither EC (P-256, P-384) nor RSA");
  }
}

function parseEcKey(algorithm: DerCursor, key: Uint8Array): KeyKind {
  const named = algorithm.takeOptional(tag.oid);
  const curve = named === undefined ? undefined : curvesByOid.get(dottedOid(named.content));
  // Explicit parameters may differ from the named curve in the base point alone (CVE-2020-0601).
  if (curve === undefined) throw new PkiError("KEY_REJECTED", "the curve is not P-256 or P-384 by name");
  algorithm.end();
  const problem = pointProblem(curve, key);
  if (problem !== undefined) throw new PkiError("KEY_REJECTED", problem);
  return { family: "EC", curve };
}

function parseRsaKey(algorithm: DerCursor, key: Uint8Array, limits: RsaLimits): KeyKind {
  algorithm.take(tag.null, "NULL parameters");
  algorithm.end();
  const fields = openElement(parseDer(key), tag.sequence, "RSAPublicKey");
  const modulus = positiveInteger(fields.take(tag.integer, "modulus"), "the RSA modulus");
  const exponent = positiveInteger(fields.take(tag.integer, "publicExponent"), "the RSA exponent");
  fields.end();
  const problem = rsaProblem(modulus, exponent, limits);
  if (problem !== undefined) throw new PkiError("KEY_REJECTED", problem);
  return { family: "RSA", bits: bitLength(modulus) };
}
