import type { TrustDomain } from "@kasbah/pki";
import type { Clock, Component, Logger } from "@kasbah/runtime";
import type { CallerConfig } from "../../config/callers.ts";
import { JwksSource } from "../jwks/source.ts";
import type { TokenApi } from "../ports.ts";
import { ClusterKeys } from "./cluster-keys.ts";
import { KubernetesTokenAuthenticator } from "./kubernetes-token.ts";
import { quietLogger } from "./quiet-logger.ts";
import { ReviewCache } from "./review-cache.ts";
import { ReviewQueue } from "./review-queue.ts";
import { TokenReviewer } from "./token-reviewer.ts";

export interface TokenReviewDeps {
  readonly config: Pick<CallerConfig, "tokenAudience"> & { readonly trustDomain: TrustDomain };
  readonly kubernetes: TokenApi;
  readonly onReview: (from: "cache" | "shared" | "key-set" | "api-server") => void;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The authenticator, and the source of the cluster's keys. */
export interface TokenReview {
  readonly authenticator: KubernetesTokenAuthenticator;
  readonly components: readonly Component[];
}

/** How often the CA reads the cluster's keys, besides at the first token with an unknown one. */
const refreshIntervalMs = 300_000;

/** Creates the authenticator that has the Kubernetes API review tokens. */
export function createTokenReview(deps: TokenReviewDeps): TokenReview {
  const { config, kubernetes, onReview: onAnswer, clock } = deps;
  const { trustDomain, tokenAudience: audiences } = config;
  const source = new JwksSource({
    ...{ location: "the Kubernetes API server", read: () => kubernetes.readKeys(), refreshIntervalMs },
    ...{ clock, logger: quietLogger(deps.logger) },
  });
  const ask = (token: string) => kubernetes.reviewToken(token, audiences);
  const [keys, queue] = [new ClusterKeys(source), new ReviewQueue(clock, deps.roll)];
  const reviewer = new TokenReviewer({ keys, queue, ask, onAnswer, clock });
  const reviews = new ReviewCache({
    ask: (token, wasAccepted) => reviewer.review(token, wasAccepted),
    ...{ clock, onAnswer },
  });
  const authenticator = new KubernetesTokenAuthenticator({ reviews, audiences, trustDomain, clock });
  return { authenticator, components: [source] };
}
