import { verify } from "node:crypto";
import { equalBytes } from "../bytes.ts";
import { openElement } from "../der/cursor.ts";
import type { DerElement } from "../der/reader.ts";
import { tag } from "../der/tag.ts";
import { dottedOid } from "../der/values.ts";
import { trustedKeyAlgorithms } from "./key-types.ts";
import type { PublicKey } from "./public-key.ts";
import type { SignatureAlgorithm } from "./signature-algorithm.ts";

const accepted: ReadonlyMap<string, SignatureAlgorithm> = new Map(
  trustedKeyAlgorithms.flatMap(({ acceptedSignatures }) =>
    acceptedSignatures.map((each) => [each.oid, each]),
  ),
);

/**
 * Returns the algorithm that an AlgorithmIdentifier names, or undefined if no key type accepts it or its
 * parameters are not canonical. @throws PkiError `DER_MALFORMED`
 */
export function readSignatureAlgorithm(identifier: DerElement): SignatureAlgorithm | undefined {
  const fields = openElement(identifier, tag.sequence, "AlgorithmIdentifier");
  const algorithm = accepted.get(dottedOid(fields.take(tag.oid, "algorithm").content));
  if (algorithm === undefined || !equalBytes(algorithm.identifier, identifier.raw)) return undefined;
  return algorithm;
}

/** Whether the key signed exactly these bytes and the signature is in its only canonical form. */
export function isSignedBy(
  key: PublicKey,
  algorithm: SignatureAlgorithm,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (!key.algorithm.acceptedSignatures.includes(algorithm)) return false;
  if (!key.algorithm.isCanonicalSignature(signature)) return false;
  try {
    return verify(algorithm.hash, data, key.keyObject, signature);
  } catch {
    // OpenSSL throws on some malformed signatures instead of returning false.
    return false;
  }
}
