import { openElement } from "../../der/cursor.ts";
import { parseDer } from "../../der/reader.ts";
import { tag } from "../../der/tag.ts";
import { positiveInteger } from "../../der/values.ts";
import { encode, encodeOid, encodeSequence } from "../../der/writer.ts";
import { PkiError } from "../../errors.ts";
import { oid } from "../../oids.ts";
import type { KeyAlgorithm } from "../key-algorithm.ts";
import { rsaWith } from "../signature-algorithm.ts";
import { bitLength, type RsaLimits, rsaProblem } from "./rules.ts";

/** RSA keys of every size (RFC 3279 §2.3.1). */
export const rsaAlgorithm: KeyAlgorithm = {
  name: "RSA",
  oid: oid.rsaEncryption,
  identifier: encodeSequence(encodeOid(oid.rsaEncryption), encode(tag.null)),
  readType: readRsaType,
  signature: rsaWith.sha256,
  acceptedSignatures: Object.values(rsaWith),
  // PKCS#1 v1.5 has one encoding, and OpenSSL compares the whole of it.
  isCanonicalSignature: () => true,
  // The RSA key exchange of TLS 1.2 needs keyEncipherment.
  leafKeyUsage: ["digitalSignature", "keyEncipherment"],
  traditional: { label: "RSA PRIVATE KEY", encoding: "pkcs1" },
};

function readRsaType(publicKey: Uint8Array, limits: RsaLimits): string {
  const fields = openElement(parseDer(publicKey), tag.sequence, "RSAPublicKey");
  const modulus = positiveInteger(fields.take(tag.integer, "modulus"), "the RSA modulus");
  const exponent = positiveInteger(fields.take(tag.integer, "publicExponent"), "the RSA exponent");
  fields.end();
  const problem = rsaProblem(modulus, exponent, limits);
  if (problem !== undefined) throw new PkiError("KEY_REJECTED", problem);
  return `RSA-${bitLength(modulus)}`;
}
