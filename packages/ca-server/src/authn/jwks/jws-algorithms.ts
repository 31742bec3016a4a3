import { constants, type KeyObject, type VerifyKeyObjectInput, verify } from "node:crypto";
import type { SignedText } from "../bearer-token.ts";
import type { TokenAlgorithm } from "./key-set.ts";

/** How tokens of one JWS algorithm are signed (RFC 7518 §3.1, RFC 8037 §3.1). */
export interface JwsAlgorithm {
  readonly kty: "EC" | "RSA" | "OKP";
  /** Undefined if the keys of the algorithm have no curve. */
  readonly crv: string | undefined;
  readonly digest: string | null;
  readonly options: Omit<VerifyKeyObjectInput, "key">;
  /** In octets; undefined if it depends on the key, which OpenSSL checks. */
  readonly signatureLength: number | undefined;
}

const algorithms: Readonly<Record<TokenAlgorithm, JwsAlgorithm>> = {
  ES256: ecdsa("P-256", "sha256", 64),
  ES384: ecdsa("P-384", "sha384", 96),
  RS256: rsa("sha256", { padding: constants.RSA_PKCS1_PADDING }),
  RS384: rsa("sha384", { padding: constants.RSA_PKCS1_PADDING }),
  RS512: rsa("sha512", { padding: constants.RSA_PKCS1_PADDING }),
  PS256: rsa("sha256", pss(32)),
  PS384: rsa("sha384", pss(48)),
  PS512: rsa("sha512", pss(64)),
  EdDSA: ed25519(),
  Ed25519: ed25519(),
};

const byName: ReadonlyMap<string, JwsAlgorithm> = new Map(Object.entries(algorithms));

/** Undefined for every algorithm that must not sign tokens. */
export function jwsAlgorithm(alg: string): JwsAlgorithm | undefined {
  return byName.get(alg);
}

/** Whether the key signed the token. */
export function isTokenSignedBy(
  { signingInput, signature }: SignedText,
  key: KeyObject,
  { digest, options, signatureLength }: JwsAlgorithm,
): boolean {
  if (signatureLength !== undefined && signature.length !== signatureLength) return false;
  try {
    return verify(digest, Buffer.from(signingInput, "latin1"), { key, ...options }, signature);
  } catch {
    // OpenSSL throws on some malformed signatures instead of returning false.
    return false;
  }
}

/** JWS concatenates both numbers (RFC 7518 §3.4), unlike X.509. */
function ecdsa(crv: string, digest: string, signatureLength: number): JwsAlgorithm {
  return { kty: "EC", crv, digest, options: { dsaEncoding: "ieee-p1363" }, signatureLength };
}

function rsa(digest: string, options: JwsAlgorithm["options"]): JwsAlgorithm {
  return { kty: "RSA", crv: undefined, digest, options, signatureLength: undefined };
}

/** The salt has the length of the digest, and no other (RFC 7518 §3.5). */
function pss(saltLength: number): JwsAlgorithm["options"] {
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
}

function ed25519(): JwsAlgorithm {
  return { kty: "OKP", crv: "Ed25519", digest: null, options: {}, signatureLength: 64 };
}
