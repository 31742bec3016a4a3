import { SpiffeId, type TrustDomain } from "@kasbah/pki";
import type { Clock } from "@kasbah/runtime";
import { compactVerify, errors, type JWTVerifyGetKey } from "jose";
import type { Caller } from "../../issuance/ports.ts";
import { type BearerToken, rejected } from "../bearer-token.ts";
import { checkIssuer, checkTokenClaims, type TokenExpectations } from "../claims/check-claims.ts";
import { type Claims, readServiceAccount, tokenIdHash } from "../claims/service-account-claims.ts";
import { parseStrictJson } from "../claims/strict-json.ts";
import type { TokenAuthenticator } from "../token-authenticator.ts";
import type { TokenKeys } from "./verification-keys.ts";

/** One issuer of tokens, with what its tokens must say. */
export interface TokenIssuer extends TokenExpectations {
  readonly keys: TokenKeys;
  /** JWS algorithms that count; asymmetric ones. */
  readonly algorithms: readonly string[];
}

export interface JwksTokenDeps {
  readonly issuers: readonly TokenIssuer[];
  readonly trustDomain: TrustDomain;
  readonly clock: Clock;
}

/** Knows callers by service account tokens that verify under the key set of a configured issuer. */
export class JwksTokenAuthenticator implements TokenAuthenticator {
  readonly kind = "jwks-token";
  readonly #deps: JwksTokenDeps;

  constructor(deps: JwksTokenDeps) {
    this.#deps = deps;
  }

  /** Tokens that name one of the issuers, and those that one of them signed under another name. */
  async judges(token: BearerToken): Promise<boolean> {
    if (this.#issuerNamed(token.claimedIssuer) !== undefined) return true;
    const proofs = this.#deps.issuers.map((issuer) => verifiedOrNothing(token, issuer));
    return (await Promise.all(proofs)).some((claims) => claims !== undefined);
  }

  /** @throws CaError `TOKEN_*`, `CALLER_NOT_SERVICE_ACCOUNT`, `AUTHENTICATOR_UNAVAILABLE`. */
  async authenticate(token: BearerToken): Promise<Caller> {
    const issuer = this.#issuerNamed(token.claimedIssuer);
    if (issuer === undefined) return await this.#refuseUnknownIssuer(token);
    const claims = await verifySignature(token, issuer);
    checkTokenClaims(claims, issuer, this.#deps.clock.now());
    const { workload, ...where } = readServiceAccount(claims);
    return {
      spiffeId: SpiffeId.forWorkload(this.#deps.trustDomain, workload),
      ...where,
      credential: { kind: this.kind, issuer: issuer.issuer, tokenIdHash: tokenIdHash(claims) },
    };
  }

  #issuerNamed(name: string | undefined): TokenIssuer | undefined {
    return this.#deps.issuers.find(({ issuer }) => issuer === name);
  }

  /** What the token says is shown only if one of our issuers signed it, however odd its `iss`. */
  async #refuseUnknownIssuer(token: BearerToken): Promise<never> {
    const { issuers } = this.#deps;
    const known = issuers.map(({ issuer }) => issuer);
    for (const issuer of issuers) {
      const claims = await verifiedOrNothing(token, issuer);
      if (claims !== undefined) checkIssuer(claims, known);
    }
    throw rejected("the token is not signed by a key of a configured issuer");
  }
}

async function verifySignature(token: BearerToken, { keys, algorithms }: TokenIssuer): Promise<Claims> {
  try {
    return await verifyWith(keys.current(), token, algorithms);
  } catch (error) {
    if (!(error instanceof errors.JWKSNoMatchingKey)) throw unverified(error);
  }
  await keys.refreshForUnknownKey();
  try {
    return await verifyWith(keys.current(), token, algorithms);
  } catch (error) {
    throw unverified(error);
  }
}

async function verifiedOrNothing(token: BearerToken, issuer: TokenIssuer): Promise<Claims | undefined> {
  try {
    return await verifyWith(issuer.keys.current(), token, issuer.algorithms);
  } catch {
    // Not signed by this issuer, or not to be told now: then it is not for this issuer to judge.
    return undefined;
  }
}

/** The claims are read from the very octets that the signature covers. */
async function verifyWith(
  getKey: JWTVerifyGetKey,
  { text }: BearerToken,
  algorithms: readonly string[],
): Promise<Claims> {
  const { payload } = await compactVerify(text, getKey, { algorithms: [...algorithms] });
  return parseStrictJson(payload);
}

function unverified(error: unknown): unknown {
  const isRefusal = error instanceof errors.JOSEError || error instanceof TypeError;
  return isRefusal
    ? rejected("the token's signature does not verify with any key of its issuer", error)
    : error;
}
