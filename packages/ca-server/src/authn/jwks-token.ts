import { createHash } from "node:crypto";
import { PkiError, parseWorkloadName, SpiffeId, type TrustDomain, type WorkloadName } from "@kasbah/pki";
import type { Clock } from "@kasbah/runtime";
import { errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyResult, jwtVerify } from "jose";
import { CaError } from "../errors.ts";
import type { Authenticator } from "../issuance/ports.ts";
import { readBearerToken } from "./bearer-token.ts";
import { tokenAlgorithms } from "./jwks.ts";
import type { TokenKeys } from "./token-keys.ts";
import { claimRefusal, quote } from "./token-refusal.ts";

export interface JwksTokenParts {
  readonly keys: TokenKeys;
  readonly issuer: string;
  /** The token must name at least one. */
  readonly audiences: readonly string[];
  readonly trustDomain: TrustDomain;
  readonly clock: Clock;
}

/** Knows callers by service account tokens that verify under a key set. Times are exact, without tolerance. */
export function createJwksTokenAuthenticator(parts: JwksTokenParts): Authenticator {
  return {
    async authenticate(credentials) {
      const claims = await verifyToken(readBearerToken(credentials), parts);
      const spiffeId = SpiffeId.forWorkload(parts.trustDomain, workloadOf(claims));
      return { spiffeId, credential: { kind: "jwks-token", tokenIdHash: tokenIdHash(claims) } };
    },
  };
}

/** The claims of a token whose signature, issuer, audience and times were checked. */
async function verifyToken(token: string, parts: JwksTokenParts): Promise<JWTPayload> {
  try {
    const { payload } = await verifyWithKnownKeys(token, parts);
    refuseBoundlessTime(payload);
    return payload;
  } catch (error) {
    if (error instanceof CaError) throw error;
    throw claimRefusal(error, parts);
  }
}

async function verifyWithKnownKeys(token: string, parts: JwksTokenParts): Promise<JWTVerifyResult> {
  try {
    return await verifyWith(parts.keys.current(), token, parts);
  } catch (error) {
    if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    await parts.keys.refreshForUnknownKey();
    return await verifyWith(parts.keys.current(), token, parts);
  }
}

function verifyWith(getKey: JWTVerifyGetKey, token: string, parts: JwksTokenParts): Promise<JWTVerifyResult> {
  return jwtVerify(token, getKey, {
    algorithms: [...tokenAlgorithms],
    issuer: parts.issuer,
    audience: [...parts.audiences],
    requiredClaims: ["exp"],
    currentDate: parts.clock.now(),
  });
}

/** JSON can say 1e400, which reads as Infinity: a token that never ends. */
function refuseBoundlessTime({ exp }: JWTPayload): void {
  if (Number.isFinite(exp)) return;
  throw new CaError("TOKEN_REJECTED", "the token was refused: its exp is not a finite number");
}

/** `sub` of a Kubernetes service account: exactly four parts; the names are checked before they become a path. */
function workloadOf({ sub }: JWTPayload): WorkloadName {
  const parts = typeof sub === "string" ? sub.split(":") : [];
  const [system, kind, namespace, serviceAccount] = parts;
  if (parts.length !== 4 || system !== "system" || kind !== "serviceaccount") throw notServiceAccount(sub);
  try {
    return parseWorkloadName(namespace ?? "", serviceAccount ?? "");
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw notServiceAccount(sub, cause);
  }
}

function notServiceAccount(sub: unknown, cause?: unknown): CaError {
  return new CaError(
    "CALLER_NOT_SERVICE_ACCOUNT",
    `the token's sub is ${quote(sub)}, expected system:serviceaccount:<namespace>:<name>: use a service account's token`,
    { cause },
  );
}

/** Enough to find what one token was used for, and nothing that could be used itself. */
function tokenIdHash({ jti }: JWTPayload): string | undefined {
  return typeof jti === "string" ? createHash("sha256").update(jti).digest("hex") : undefined;
}
