import { createPublicKey, type KeyObject } from "node:crypto";
import type { SignedText } from "../bearer-token.ts";
import { isTokenSignedBy, type JwsAlgorithm, jwsAlgorithm } from "./jws-algorithms.ts";
import { type VerificationKey, verificationKeyHash } from "./key-set.ts";

interface HeldKey {
  readonly key: KeyObject;
  readonly jwk: VerificationKey;
  /** Equal for equal public keys. */
  readonly hash: string;
}

/** What a key set says about the signature of a token. */
export type SignatureVerdict =
  | "valid"
  | "invalid"
  | "no matching key"
  | "several matching keys"
  | "algorithm not allowed";

/** Bounds what one token can cost. */
const maxTried = 8;

/** The keys of a set, imported once. */
export class HeldKeys {
  readonly #keys: readonly HeldKey[];

  private constructor(keys: readonly HeldKey[]) {
    this.#keys = keys;
  }

  /** @param keys that `parseVerificationKeys` accepted */
  static from(keys: readonly VerificationKey[]): HeldKeys {
    return new HeldKeys(
      keys.map((jwk) => ({
        key: createPublicKey({ key: jwk, format: "jwk" }),
        jwk,
        hash: verificationKeyHash(jwk),
      })),
    );
  }

  /**
   * Only the algorithms that the issuer may use count, and only keys for the token's algorithm and key id. Several
   * keys may match: one key that is listed twice, or two keys with one key id. A token that names no key must not match
   * different ones.
   */
  judge(token: SignedText, allowed: readonly string[]): SignatureVerdict {
    const algorithm = jwsAlgorithm(token.alg);
    if (algorithm === undefined || !allowed.includes(token.alg)) return "algorithm not allowed";
    const keys = differentKeys(this.#matching(token, algorithm));
    if (keys.length === 0) return "no matching key";
    if (keys.length > 1 && token.kid === undefined) return "several matching keys";
    return keys.some(({ key }) => isTokenSignedBy(token, key, algorithm)) ? "valid" : "invalid";
  }

  /** Like `judge`, but accepts every algorithm, and a token without a key id even if different keys match. */
  judgeByAny(token: SignedText): SignatureVerdict {
    const algorithm = jwsAlgorithm(token.alg);
    if (algorithm === undefined) return "algorithm not allowed";
    const keys = this.#matching(token, algorithm);
    if (keys.length === 0) return "no matching key";
    if (keys.slice(0, maxTried).some(({ key }) => isTokenSignedBy(token, key, algorithm))) return "valid";
    return keys.length > 1 ? "several matching keys" : "invalid";
  }

  #matching({ alg, kid }: SignedText, { kty, crv }: JwsAlgorithm): readonly HeldKey[] {
    return this.#keys.filter(
      ({ jwk }) =>
        jwk.kty === kty &&
        (crv === undefined || jwk.crv === crv) &&
        (kid === undefined || jwk.kid === kid) &&
        (jwk.alg === undefined || jwk.alg === alg),
    );
  }
}

function differentKeys(keys: readonly HeldKey[]): readonly HeldKey[] {
  if (keys.length < 2) return keys;
  const different = new Map(keys.map((each) => [each.hash, each]));
  return [...different.values()].slice(0, maxTried);
}
