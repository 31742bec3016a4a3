import { CaError } from "../../errors.ts";
import { quote } from "../../issuance/quote.ts";
import type { Claims } from "./service-account-claims.ts";

/** The claims that a token must have. */
export interface TokenExpectations {
  readonly issuer: string;
  /** The token must contain at least one. */
  readonly audiences: readonly string[];
}

/**
 * Checks the issuer, audience and lifetime of a verified token (RFC 7519 §4.1). There is no leeway for
 * `exp`: a token expires at that second. `nbf` may be a minute ahead, as for the Kubernetes API server.
 *
 * @throws CaError `TOKEN_ISSUER`, `TOKEN_AUDIENCE`, `TOKEN_EXPIRED`, `TOKEN_REJECTED`.
 */
export function checkTokenClaims(claims: Claims, expected: TokenExpectations, now: Date): void {
  checkIssuer(claims, [expected.issuer]);
  checkAudience(claims, expected.audiences);
  checkTimes(claims, now.getTime() / 1000);
}

/** The clocks of an issuer and of the CA differ, and agents present a token at the second of its issue. */
const nbfLeewaySeconds = 60;

/** The latest time that a JavaScript date can represent, in the year 275760. */
const greatestSeconds = 8.64e12;

/** @throws CaError `TOKEN_ISSUER`. */
export function checkIssuer({ iss }: Claims, issuers: readonly string[]): void {
  if (typeof iss === "string" && issuers.includes(iss)) return;
  throw new CaError("TOKEN_ISSUER", "the token's issuer is not configured", {
    expected: issuers.length === 1 ? `iss ${quote(issuers[0])}` : `iss one of ${quote(issuers)}`,
    seen: quote(iss),
    fix: "use a token from that issuer, or set --token-issuer",
  });
}

function checkAudience({ aud }: Claims, audiences: readonly string[]): void {
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const isWellFormed = named.every((each) => typeof each === "string");
  if (isWellFormed && named.some((each) => audiences.includes(String(each)))) return;
  throw new CaError("TOKEN_AUDIENCE", "the token is for another audience", {
    expected: `aud to contain one of ${quote(audiences)}`,
    seen: quote(aud),
    fix: "mount a token with that audience, or set --token-audience",
  });
}

function checkTimes({ exp, nbf, iat }: Claims, nowSeconds: number): void {
  const end = parseSeconds(exp, "exp");
  if (end === undefined) {
    throw new CaError("TOKEN_REJECTED", "the token has no exp and would never expire", {
      fix: "use a token that expires",
    });
  }
  if (end <= nowSeconds) throw expired(end, nowSeconds);
  const start = parseSeconds(nbf, "nbf");
  if (start !== undefined && start > nowSeconds + nbfLeewaySeconds) {
    throw new CaError("TOKEN_REJECTED", "the token is not valid yet", {
      expected: `nbf before ${instant(nowSeconds + nbfLeewaySeconds)}`,
      seen: instant(start),
      fix: "check both clocks",
    });
  }
  parseSeconds(iat, "iat");
}

function expired(end: number, nowSeconds: number): CaError {
  return new CaError("TOKEN_EXPIRED", "the token has expired", {
    expected: `exp after ${instant(nowSeconds)}`,
    seen: instant(end),
    fix: "read the token file again before each call, and check both clocks",
  });
}

/**
 * JSON allows 1e400, which is read as Infinity, and 1e300, which is beyond every calendar. Such a token would
 * never expire.
 */
function parseSeconds(value: unknown, claim: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && Math.abs(value) <= greatestSeconds) return value;
  throw new CaError("TOKEN_REJECTED", `the token's ${claim} is not a time`, {
    expected: "a number of seconds since the Unix epoch",
    seen: quote(value),
    fix: "use a token that the issuer created for this mesh",
  });
}

function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
