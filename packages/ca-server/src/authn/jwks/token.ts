import { SpiffeId, type TrustDomain } from "@kasbah/pki";
import type { Clock } from "@kasbah/runtime";
import { compactVerify, decodeProtectedHeader, errors, exportSPKI, type JWTVerifyGetKey } from "jose";
import { CaError } from "../../errors.ts";
import type { Caller } from "../../issuance/ports.ts";
import { type BearerToken, rejected } from "../bearer-token.ts";
import { checkIssuer, checkTokenClaims, type TokenExpectations } from "../claims/check-claims.ts";
import { type Claims, readServiceAccount, tokenIdHash } from "../claims/service-account-claims.ts";
import { parseStrictJson } from "../claims/strict-json.ts";
import type { TokenAuthenticator } from "../token-authenticator.ts";
import type { TokenKeys } from "./verification-keys.ts";

/** A token issuer, its keys and the claims that its tokens must have. */
export interface TokenIssuer extends TokenExpectations {
  readonly keys: TokenKeys;
  /** The accepted JWS algorithms, all of them asymmetric. */
  readonly algorithms: readonly string[];
}

/** Bounds what one token can cost. */
const maxCandidates = 8;

/** The issuers in force, which may differ from call to call. */
interface KnownIssuers {
  readonly issuers: readonly TokenIssuer[];
  /** Issuers that are configured for other trust domains only. */
  readonly elsewhere?: readonly string[];
}

export interface JwksTokenDeps extends KnownIssuers {
  readonly trustDomain: TrustDomain;
  readonly clock: Clock;
}

/** Authenticates callers by service account tokens that the key set of a configured issuer verifies. */
export class JwksTokenAuthenticator implements TokenAuthenticator {
  readonly kind = "jwks-token";
  readonly #deps: JwksTokenDeps;

  constructor(deps: JwksTokenDeps) {
    this.#deps = deps;
  }

  /**
   * Claims the tokens that name a configured issuer, and those that such an issuer signed under another name.
   */
  async checks(token: BearerToken): Promise<boolean> {
    if (this.#issuerNamed(token.claimedIssuer) !== undefined || this.#isElsewhere(token)) return true;
    const proofs = this.#deps.issuers.map((issuer) => verifiedOrNothing(token, issuer));
    return (await Promise.all(proofs)).some((claims) => claims !== undefined);
  }

  /** @throws CaError `TOKEN_*`, `CALLER_NOT_SERVICE_ACCOUNT`, `AUTHENTICATOR_UNAVAILABLE`. */
  async authenticate(token: BearerToken): Promise<Caller> {
    const issuer = this.#issuerNamed(token.claimedIssuer);
    if (this.#isElsewhere(token)) throw this.#ofAnotherTrustDomain();
    if (issuer === undefined) return await this.#refuseUnknownIssuer(token);
    const claims = await verifySignature(token, issuer);
    // The issuers may have been replaced while new keys were fetched.
    if (this.#issuerNamed(issuer.issuer)?.keys !== issuer.keys) return await this.authenticate(token);
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

  #isElsewhere({ claimedIssuer }: BearerToken): boolean {
    return claimedIssuer !== undefined && (this.#deps.elsewhere?.includes(claimedIssuer) ?? false);
  }

  /** The keys of such an issuer are not loaded, so nothing of its token is verified or quoted. */
  #ofAnotherTrustDomain(): CaError {
    return new CaError("TOKEN_ISSUER", "the token's issuer is configured for other trust domains only", {
      expected: `an issuer for the trust domain ${this.#deps.trustDomain.name}`,
      fix: "call the CA of the workload's own trust domain, or add this one to the issuer's trustDomains",
    });
  }

  /** The refusal quotes the token only if a configured issuer signed it, even if its `iss` is wrong. */
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
    // Not signed by this issuer, or its keys are unavailable: another authenticator decides.
    return undefined;
  }
}

/** Parses the claims from the same octets that the signature covers. */
async function verifyWith(
  getKey: JWTVerifyGetKey,
  { text }: BearerToken,
  algorithms: readonly string[],
): Promise<Claims> {
  const options = { algorithms: [...algorithms] };
  try {
    return parseStrictJson((await compactVerify(text, getKey, options)).payload);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    return parseStrictJson(await verifyWithEach(error, text, options));
  }
}

/**
 * Several keys of the set match the token: one key that is listed twice, or two keys with one key id. A token
 * that names no key must not match different ones.
 */
async function verifyWithEach(
  candidates: errors.JWKSMultipleMatchingKeys,
  text: string,
  options: { readonly algorithms: string[] },
): Promise<Uint8Array> {
  const keys = await differentKeys(candidates);
  const isNamed = decodeProtectedHeader(text).kid !== undefined;
  if (keys.length > 1 && !isNamed) throw candidates;
  for (const key of keys) {
    try {
      return (await compactVerify(text, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

async function differentKeys(candidates: errors.JWKSMultipleMatchingKeys): Promise<readonly CryptoKey[]> {
  const keys = new Map<string, CryptoKey>();
  for await (const key of candidates) {
    keys.set(await exportSPKI(key), key);
    if (keys.size === maxCandidates) break;
  }
  return [...keys.values()];
}

function unverified(error: unknown): unknown {
  const isRefusal = error instanceof errors.JOSEError || error instanceof TypeError;
  return isRefusal
    ? rejected("the token's signature does not verify with any key of its issuer", error)
    : error;
}
