import { createHash } from "node:crypto";
import type { JWTPayload } from "jose";

/** The contents of a development token. Times derive from `now`; nothing is random. */
export interface TokenRequest {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Defaults to `istio-ca`. */
  readonly audience?: string | readonly string[];
  /** Defaults to one hour. */
  readonly lifetimeMs?: number;
  readonly now: Date;
  /**
   * Overrides the other claims, so that tests can mint tokens that Kubernetes never would; `undefined`
   * removes a claim.
   */
  readonly claims?: Readonly<Record<string, unknown>>;
}

const defaultLifetimeMs = 3_600_000;

/** The claims of a projected service account token, as Kubernetes ≥ 1.30 writes them. */
export function createTokenClaims(issuer: string, request: TokenRequest): JWTPayload {
  const { namespace, serviceAccount } = request;
  const issuedAt = Math.floor(request.now.getTime() / 1000);
  const name = `${namespace}/${serviceAccount}`;
  return {
    aud: [request.audience ?? "istio-ca"].flat(),
    exp: issuedAt + Math.floor((request.lifetimeMs ?? defaultLifetimeMs) / 1000),
    iat: issuedAt,
    iss: issuer,
    jti: uidFor(`token ${name} ${request.now.getTime()}`),
    "kubernetes.io": {
      namespace,
      node: { name: "dev-node-1", uid: uidFor("node dev-node-1") },
      pod: { name: podName(namespace, serviceAccount), uid: uidFor(`pod ${name}`) },
      serviceaccount: { name: serviceAccount, uid: uidFor(`serviceaccount ${name}`) },
    },
    nbf: issuedAt,
    sub: `system:serviceaccount:${namespace}:${serviceAccount}`,
    ...request.claims,
  };
}

/** A UUID in version 4 format that is the same for the same input on every run. */
function uidFor(thing: string): string {
  const hex = createHash("sha256").update(thing).digest("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}

/**
 * The pod name of a Deployment: name, template hash and suffix, in the alphabet that Kubernetes uses for
 * them.
 */
function podName(namespace: string, serviceAccount: string): string {
  const alphabet = "bcdfghjklmnpqrstvwxz2456789";
  const digest = createHash("sha256").update(`pod name ${namespace}/${serviceAccount}`).digest();
  const letters = [...digest.subarray(0, 15)].map((byte) => alphabet.charAt(byte % alphabet.length)).join("");
  return `${serviceAccount}-${letters.slice(0, 10)}-${letters.slice(10)}`;
}
