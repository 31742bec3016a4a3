import { hash } from "node:crypto";
import { SpiffeId, type TrustDomain } from "@kasbah/pki";
import type { Clock } from "@kasbah/runtime";
import { CaError } from "../../errors.ts";
import type { Caller, PodFacts } from "../../issuance/ports.ts";
import { quote } from "../../issuance/quote.ts";
import { type BearerToken, rejected } from "../bearer-token.ts";
import { parseServiceAccountName } from "../claims/service-account-claims.ts";
import { callerDeleted } from "../deleted-pods.ts";
import { ReviewUnavailable, type TokenReviewStatus } from "../ports.ts";
import type { TokenAuthenticator } from "../token-authenticator.ts";
import type { ReviewCache } from "./review-cache.ts";
import { isExpired, refuseUselessToken, tokenExpired, wrongAudience } from "./unproven-claims.ts";

export interface KubernetesTokenDeps {
  /** Reviews by the API server, of which only a bounded number is open at a time. */
  readonly reviews: Pick<ReviewCache, "review">;
  /** The API server must confirm at least one of these audiences. */
  readonly audiences: readonly string[];
  readonly trustDomain: TrustDomain;
  readonly clock: Clock;
}

const serviceAccounts = "system:serviceaccounts";
const extra = {
  podName: "authentication.kubernetes.io/pod-name",
  podUid: "authentication.kubernetes.io/pod-uid",
  nodeName: "authentication.kubernetes.io/node-name",
  credentialId: "authentication.kubernetes.io/credential-id",
};

/**
 * Authenticates callers by a TokenReview of the Kubernetes API server, which also rejects the tokens of
 * deleted pods. It checks every token whose issuer has no configured key set.
 */
export class KubernetesTokenAuthenticator implements TokenAuthenticator {
  readonly kind = "kubernetes-token";
  readonly #deps: KubernetesTokenDeps;

  constructor(deps: KubernetesTokenDeps) {
    this.#deps = deps;
  }

  checks(): boolean {
    return true;
  }

  /** @throws CaError `TOKEN_*`, `CALLER_NOT_SERVICE_ACCOUNT`, `AUTHENTICATOR_UNAVAILABLE`. */
  async authenticate(token: BearerToken): Promise<Caller> {
    const { audiences, trustDomain, clock } = this.#deps;
    refuseUselessToken(token, audiences, clock.now());
    const status = await this.#review(token);
    if (status.error !== "" || !status.authenticated) throw refusal(token, status, clock.now(), audiences);
    checkAudiences(status.audiences, audiences);
    // Nothing that takes time may make a token valid for longer.
    if (isExpired(token, clock.now())) throw tokenExpired();
    const { username, groups } = status.user;
    const workload = parseServiceAccountName(username);
    if (!groups.includes(serviceAccounts)) throw rejected(`the token's user is not in ${serviceAccounts}`);
    return {
      spiffeId: SpiffeId.forWorkload(trustDomain, workload),
      ...podAndNode(status),
      credential: { kind: this.kind, ...provenIssuer(token), tokenIdHash: credentialIdHash(status) },
    };
  }

  async #review(token: BearerToken): Promise<TokenReviewStatus> {
    try {
      return await this.#deps.reviews.review(token);
    } catch (error) {
      if (!(error instanceof ReviewUnavailable)) throw error;
      throw new CaError("AUTHENTICATOR_UNAVAILABLE", "the Kubernetes API server did not review the token", {
        cause: error,
        ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
      });
    }
  }
}

/** An API server without support for audiences returns none, and would accept a token for any audience. */
function checkAudiences(seen: readonly string[], audiences: readonly string[]): void {
  if (seen.some((each) => audiences.includes(each))) return;
  throw new CaError("TOKEN_AUDIENCE", "the API server accepts the token only for other audiences", {
    expected: `one of ${quote(audiences)}`,
    seen: quote(seen),
    fix: "mount a token with that audience, or set --token-audience",
  });
}

/** The API server has verified the token, and accepts only issuers of its own. */
function provenIssuer({ claimedIssuer: issuer }: BearerToken): { readonly issuer?: string } {
  return issuer === undefined ? {} : { issuer };
}

function podAndNode({ user }: TokenReviewStatus): { readonly pod?: PodFacts; readonly node?: string } {
  const [name] = user.extra[extra.podName] ?? [];
  const [uid] = user.extra[extra.podUid] ?? [];
  const [node] = user.extra[extra.nodeName] ?? [];
  return {
    ...(name === undefined || uid === undefined ? {} : { pod: { name, uid } }),
    ...(node === undefined ? {} : { node }),
  };
}

/** The API server returns `JTI=<jti>`, so the hash equals the one of a token that a key set verified. */
function credentialIdHash({ user }: TokenReviewStatus): string | undefined {
  const [id] = user.extra[extra.credentialId] ?? [];
  return id?.startsWith("JTI=") ? hash("sha256", id.slice(4)) : undefined;
}

/**
 * The API server's reason is free text and stays in the log. The claims of the token are unverified, so the refusal
 * quotes none of them.
 */
function refusal(
  token: BearerToken,
  { error, isInvalidated = false }: TokenReviewStatus,
  now: Date,
  audiences: readonly string[],
): CaError {
  const cause = new Error(error === "" ? "authenticated is not true" : error);
  if (isExpired(token, now)) return tokenExpired(cause);
  if (token.unprovenClaims["aud"] === undefined) return wrongAudience(audiences, cause);
  if (isInvalidated) return callerDeleted("the pod or the service account of the token was deleted", cause);
  return new CaError("TOKEN_REJECTED", "the Kubernetes API server rejected the token", {
    fix: "use the token of an existing pod of this cluster",
    cause,
  });
}
