import { openElement } from "../der/cursor.ts";
import { parseDer } from "../der/reader.ts";
import { tag } from "../der/tag.ts";
import { positiveInteger } from "../der/values.ts";
import { encodeOid, encodeSequence } from "../der/writer.ts";
import { PkiError } from "../errors.ts";
import { oid } from "../oids.ts";
import { type EcCurve, isScalar, pointProblem } from "./ec-curve.ts";
import type { KeyAlgorithm } from "./key-algorithm.ts";
import { ecdsaWith, type SignatureAlgorithm } from "./signature-algorithm.ts";

/**
 * ECDSA keys on one curve (RFC 5480). The curve must be given by name: explicit parameters may differ from the
 * named curve in the base point alone (CVE-2020-0601).
 */
export function ecAlgorithm(curve: EcCurve, signature: SignatureAlgorithm): KeyAlgorithm {
  return {
    name: curve.name,
    oid: oid.ecPublicKey,
    identifier: encodeSequence(encodeOid(oid.ecPublicKey), encodeOid(curve.oid)),
    readType: (point) => {
      const problem = pointProblem(curve, point);
      if (problem !== undefined) throw new PkiError("KEY_REJECTED", problem);
      return curve.name;
    },
    signature,
    acceptedSignatures: Object.values(ecdsaWith),
    isCanonicalSignature: (octets) => isCanonicalEcdsa(curve, octets),
    // RFC 8813 §3: an EC key does not encipher.
    leafKeyUsage: ["digitalSignature"],
    traditional: { label: "EC PRIVATE KEY", encoding: "sec1" },
  };
}

/** Strict DER (Ecdsa-Sig-Value, RFC 3279 §2.2.3): OpenSSL has accepted laxer forms, and a second form makes a second certificate. */
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
