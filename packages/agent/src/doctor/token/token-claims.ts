import { printableText } from "@kasbah/runtime";
import { claimsOf } from "../../identity.ts";
import type { ShownClaims } from "../report.ts";

/** Claims of an **unverified** token, for a person: escaped and cut, without those that could be secret. */
export interface TokenClaims {
  readonly issuer: string | undefined;
  readonly audiences: readonly string[];
  readonly subject: string | undefined;
  readonly issuedAt: Date | undefined;
  readonly notBefore: Date | undefined;
  readonly expiresAt: Date | undefined;
}

const maxText = 200;
const maxAudiences = 8;

/** Undefined if the token is not a JWT. */
export function parseTokenClaims(token: string): TokenClaims | undefined {
  const claims = claimsOf(token);
  if (Object.keys(claims).length === 0) return undefined;
  return {
    issuer: textOf(claims.iss),
    audiences: [claims.aud]
      .flat()
      .flatMap((one) => textOf(one) ?? [])
      .slice(0, maxAudiences),
    subject: textOf(claims.sub),
    issuedAt: timeOf(claims.iat),
    notBefore: timeOf(claims.nbf),
    expiresAt: timeOf(claims.exp),
  };
}

export function shownClaimsOf(claims: TokenClaims): ShownClaims {
  const { issuer, audiences, subject, issuedAt, expiresAt } = claims;
  return {
    issuer,
    audiences,
    subject,
    issuedAt: issuedAt?.toISOString(),
    expiresAt: expiresAt?.toISOString(),
  };
}

/** The audiences in a sentence. */
export function describeAudiences({ audiences }: Pick<TokenClaims, "audiences">): string {
  return audiences.length === 0 ? "no audience" : `audience ${audiences.join(", ")}`;
}

function textOf(claim: unknown): string | undefined {
  return typeof claim === "string" ? printableText(claim, maxText) : undefined;
}

function timeOf(claim: unknown): Date | undefined {
  if (typeof claim !== "number") return undefined;
  const time = new Date(claim * 1_000);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
