import { verify } from "node:crypto";
import { openElement } from "../der/cursor.ts";
import { type DerElement, parseDer } from "../der/reader.ts";
import { tag } from "../der/tag.ts";
import { dottedOid, positiveInteger } from "../der/values.ts";
import { PkiError } from "../errors.ts";
import { oid } from "../oids.ts";
import { type EcCurve, isScalar } from "./ec-curve.ts";
import type { PublicKey } from "./public-key.ts";

/** A signature algorithm of the allow-list: no MD5, no SHA-1, no RSA-PSS, nothing without a hash of its own. */
export interface SignatureAlgorithm {
  readonly family: "EC" | "RSA";
  readonly hash: "sha256" | "sha384" | "sha512";
}

const allowed: ReadonlyMap<string, SignatureAlgorithm> = new Map([
  [oid.ecdsaWithSha256, { family: "EC", hash: "sha256" }],
  [oid.ecdsaWithSha384, { family: "EC", hash: "sha384" }],
  [oid.ecdsaWithSha512, { family: "EC", hash: "sha512" }],
  [oid.sha256WithRsa, { family: "RSA", hash: "sha256" }],
  [oid.sha384WithRsa, { family: "RSA", hash: "sha384" }],
  [oid.sha512WithRsa, { family: "RSA", hash: "sha512" }],
] satisfies [string, SignatureAlgorithm][]);

/**
 * The algorithm that an AlgorithmIdentifier names, or nothing when it is not allowed or its parameters are
 * not the canonical ones: absent for ECDSA (RFC 5758 §3.2), NULL for RSA (RFC 4055 §5). @throws PkiError `DER_MALFORMED`
 */
export function readSignatureAlgorithm(identifier: DerElement): SignatureAlgorithm | undefined {
  const fields = openElement(identifier, tag.sequence, "AlgorithmIdentifier");
  const algorithm = allowed.get(dottedOid(fields.take(tag.oid, "algorithm").content));
  const [, parameters, ...more] = identifier.children;
  const isCanonical = algorithm?.family === "EC" ? parameters === undefined : parameters?.tag === tag.null;
  return isCanonical && more.length === 0 ? algorithm : undefined;
}

/** Whether the signature over exactly these bytes is the key's and has its only canonical form. */
export function isSignedBy(
  key: PublicKey,
  algorithm: SignatureAlgorithm,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (key.isEc !== (algorithm.family === "EC")) return false;
  if (key.curve !== undefined && !isCanonicalEcdsa(key.curve, signature)) return false;
  try {
    return verify(algorithm.hash, data, key.keyObject, signature);
  } catch {
    // OpenSSL throws on some malformed signatures instead of answering; either way nothing is proven.
    return false;
  }
}

/** Ecdsa-Sig-Value (RFC 3279 §2.2.3) in strict DER: OpenSSL has read laxer forms, and a second form is a second certificate. */
function isCanonicalEcdsa(curve: EcCurve, signature: Uint8Array): boolean {
  try {
    const fields = openElement(parseDer(signature), tag.sequence, "Ecdsa-Sig-Value");
    const r = positiveInteger(fields.take(tag.integer, "r"), "r");
    const s = positiveInteger(fields.take(tag.integer, "s"), "s");
    fields.end();
    return isScalar(curve, r) && isScalar(curve, s);
  } catch (error) {
    if (error instanceof PkiError) return false;
    throw error;
  }
}
