import { errors, type JWTPayload } from "jose";
import { CaError } from "../errors.ts";

/** What a token is expected to say. */
export interface TokenExpectations {
  readonly issuer: string;
  readonly audiences: readonly string[];
}

const maxQuotedLength = 200;

/** A value of a claim as JSON, which escapes control characters, cut to a length that fits a status message. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? "absent";
  return text.length > maxQuotedLength ? `${text.slice(0, maxQuotedLength)}…` : text;
}

/**
 * Turns what jose refused into our code. jose checks the signature before any claim, so a claim error is about a token
 * that is the issuer's own, and its values may be shown; of any other token nothing is shown.
 */
export function claimRefusal(error: unknown, expected: TokenExpectations): unknown {
  if (error instanceof errors.JWTExpired) return expired(error.payload, error);
  if (error instanceof errors.JWTClaimValidationFailed) return claimFailed(error, expected);
  if (error instanceof errors.JOSEError || error instanceof TypeError) return unverified(error);
  return error;
}

function expired({ exp }: JWTPayload, cause: unknown): CaError {
  return new CaError(
    "TOKEN_EXPIRED",
    `the token ended at ${instant(exp)}: read the token file again before each call`,
    {
      cause,
    },
  );
}

function claimFailed(cause: errors.JWTClaimValidationFailed, expected: TokenExpectations): CaError {
  const { claim, payload } = cause;
  switch (claim) {
    case "iss":
      return new CaError(
        "TOKEN_ISSUER",
        `the token's iss is ${quote(payload.iss)}, expected ${quote(expected.issuer)}: use a token of that issuer, or set --token-issuer`,
        { cause },
      );
    case "aud":
      return new CaError(
        "TOKEN_AUDIENCE",
        `the token's aud is ${quote(payload.aud)}, expected one of ${quote(expected.audiences)}: mount a token with that audience, or set --token-audience`,
        { cause },
      );
    case "nbf":
      return new CaError(
        "TOKEN_REJECTED",
        `the token counts from ${instant(payload.nbf)} on, which is in the future: check the clocks`,
        { cause },
      );
    default:
      return new CaError(
        "TOKEN_REJECTED",
        `the token's ${claim} is ${quote(payload[claim])}: use a token that the issuer made for this mesh`,
        { cause },
      );
  }
}

function unverified(cause: unknown): CaError {
  return new CaError(
    "TOKEN_REJECTED",
    "the token's signature does not verify under a key of the configured issuer: send a token of that issuer",
    { cause },
  );
}

function instant(seconds: number | undefined): string {
  const date = new Date((seconds ?? Number.NaN) * 1000);
  return Number.isNaN(date.getTime()) ? "an unreadable time" : date.toISOString();
}
