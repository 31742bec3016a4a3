import type { TrustDomain } from "@kasbah/pki";
import type { Clock } from "@kasbah/runtime";
import type { CallerConfig } from "../../config/callers.ts";
import type { DeletedPods, ReviewToken } from "../ports.ts";
import { KubernetesTokenAuthenticator } from "./kubernetes-token.ts";
import { ReviewCache, type ReviewCacheDeps } from "./review-cache.ts";

export interface TokenReviewDeps {
  readonly config: Pick<CallerConfig, "tokenAudience"> & { readonly trustDomain: TrustDomain };
  readonly kubernetes: { readonly reviewToken: ReviewToken; readonly pods: DeletedPods | undefined };
  readonly onReview: ReviewCacheDeps["onAnswer"];
  readonly clock: Clock;
}

/** Creates the authenticator that has the Kubernetes API review tokens. */
export function createTokenReview(deps: TokenReviewDeps): KubernetesTokenAuthenticator {
  const { config, kubernetes, onReview, clock } = deps;
  const { trustDomain, tokenAudience: audiences } = config;
  const ask = (token: string) => kubernetes.reviewToken(token, audiences);
  const reviews = new ReviewCache({ ask, clock, onAnswer: onReview });
  return new KubernetesTokenAuthenticator({
    reviews,
    audiences,
    deletedPods: kubernetes.pods,
    trustDomain,
    clock,
  });
}
