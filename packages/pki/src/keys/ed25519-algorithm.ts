import { encodeOid, encodeSequence } from "../der/writer.ts";
import { PkiError } from "../errors.ts";
import { oid } from "../oids.ts";
import type { KeyAlgorithm } from "./key-algorithm.ts";
import type { SignatureAlgorithm } from "./signature-algorithm.ts";

const keyLength = 32;
const signatureLength = 64;

/** RFC 8410 §3: the identifier of the key is that of its signatures, and has no parameters. */
const identifier = encodeSequence(encodeOid(oid.ed25519));

const signature: SignatureAlgorithm = {
  oid: oid.ed25519,
  identifier,
  hash: null,
  webCrypto: { name: "Ed25519" },
};

/** Ed25519 (RFC 8410), for roots that only verify. */
export const ed25519Algorithm: KeyAlgorithm = {
  name: "Ed25519",
  oid: oid.ed25519,
  identifier,
  readType: ({ length }) => {
    if (length === keyLength) return "Ed25519";
    throw new PkiError("KEY_REJECTED", `the Ed25519 key has ${length} octets, expected ${keyLength}`);
  },
  signature,
  acceptedSignatures: [signature],
  // OpenSSL rejects a second encoding of the scalar (RFC 8032 §5.1.7).
  isCanonicalSignature: ({ length }) => length === signatureLength,
  leafKeyUsage: ["digitalSignature"],
  traditional: { label: "PRIVATE KEY", encoding: "pkcs8" },
};
