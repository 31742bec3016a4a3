import { CaError } from "../../errors.ts";
import { quote } from "../../issuance/quote.ts";
import { type BearerToken, rejected } from "../bearer-token.ts";

type Unproven = Pick<BearerToken, "unprovenClaims">;

/**
 * Rejects a token that the API server would certainly reject, without asking it. Nothing in the claims is proven, so
 * no refusal quotes them. The API server decides about a token without `aud` or `exp`, as older ones of Secrets are.
 *
 * @throws CaError `TOKEN_EXPIRED`, `TOKEN_AUDIENCE`, `TOKEN_REJECTED`
 */
export function refuseUselessToken(token: Unproven, audiences: readonly string[], now: Date): void {
  const { aud, exp } = token.unprovenClaims;
  if (exp !== undefined && (typeof exp !== "number" || !Number.isFinite(exp))) {
    throw rejected("the token's exp is not a time");
  }
  if (isExpired(token, now)) throw tokenExpired();
  if (aud !== undefined && !namesOneOf(aud, audiences)) throw wrongAudience(audiences);
}

/**
 * Whether a token has expired according to its own `exp`. The API server decides about a token without `exp`.
 */
export function isExpired({ unprovenClaims: { exp } }: Unproven, now: Date): boolean {
  return typeof exp === "number" && exp <= now.getTime() / 1000;
}

export function tokenExpired(cause?: unknown): CaError {
  return new CaError("TOKEN_EXPIRED", "the token has expired according to its own claims", {
    fix: "read the token file again before each call, and check both clocks",
    cause,
  });
}

/** For a token without `aud`, after the API server rejected it. */
export function wrongAudience(audiences: readonly string[], cause?: unknown): CaError {
  return new CaError("TOKEN_AUDIENCE", "the token is for another audience according to its own claims", {
    expected: `aud to contain one of ${quote(audiences)}`,
    fix: "mount a token with that audience, or set --token-audience",
    cause,
  });
}

function namesOneOf(aud: unknown, audiences: readonly string[]): boolean {
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return named.some((each) => typeof each === "string" && audiences.includes(each));
}
