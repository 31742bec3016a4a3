import { SpiffeId, type TrustDomain } from "@kasbah/pki";
import type { Clock } from "@kasbah/runtime";
import { CaError } from "../../errors.ts";
import type { Caller } from "../../issuance/ports.ts";
import { type BearerToken, rejected } from "../bearer-token.ts";
import { checkIssuer, checkTokenClaims, type TokenExpectations } from "../claims/check-claims.ts";
import { type Claims, readServiceAccount, tokenIdHash } from "../claims/service-account-claims.ts";
import type { TokenAuthenticator } from "../token-authenticator.ts";
import type { TokenKeys } from "./verification-keys.ts";

/** A token issuer, its keys and the claims that its tokens must have. */
export interface TokenIssuer extends TokenExpectations {
  readonly keys: TokenKeys;
  /** The accepted JWS algorithms, all of them asymmetric. */
  readonly algorithms: readonly string[];
}

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
  checks(token: BearerToken): boolean {
    if (this.#issuerNamed(token.claimedIssuer) !== undefined || this.#isElsewhere(token)) return true;
    return this.#deps.issuers.some((issuer) => isSignedByIssuer(token, issuer));
  }

  /** @throws CaError `TOKEN_*`, `CALLER_NOT_SERVICE_ACCOUNT`, `AUTHENTICATOR_UNAVAILABLE`. */
  async authenticate(token: BearerToken): Promise<Caller> {
    const issuer = this.#issuerNamed(token.claimedIssuer);
    if (this.#isElsewhere(token)) throw this.#ofAnotherTrustDomain();
    if (issuer === undefined) return this.#refuseUnknownIssuer(token);
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
  #refuseUnknownIssuer(token: BearerToken): never {
    const { issuers } = this.#deps;
    if (issuers.some((issuer) => isSignedByIssuer(token, issuer))) {
      checkIssuer(
        token.unprovenClaims,
        issuers.map(({ issuer }) => issuer),
      );
    }
    throw rejected("the token is not signed by a key of a configured issuer", undefined, otherClusterFix);
  }
}

/** The usual cause is a token of another cluster. */
const otherClusterFix = "use a token of the cluster that this CA serves";

/** The claims are proven once the signature over exactly their octets is. */
async function verifySignature(token: BearerToken, { keys, algorithms }: TokenIssuer): Promise<Claims> {
  let verdict = keys.current().judge(token.signed, algorithms);
  if (verdict === "no matching key") {
    await keys.refreshForUnknownKey();
    verdict = keys.current().judge(token.signed, algorithms);
  }
  if (verdict === "valid") return token.unprovenClaims;
  const problem = "the token's signature does not verify with any key of its issuer";
  throw rejected(problem, new Error(verdict), otherClusterFix);
}

function isSignedByIssuer({ signed }: BearerToken, { keys, algorithms }: TokenIssuer): boolean {
  try {
    return keys.current().judge(signed, algorithms) === "valid";
  } catch (error) {
    if (!(error instanceof CaError)) throw error;
    // The keys are unavailable: another authenticator decides.
    return false;
  }
}
