import { hash } from "node:crypto";
import { atMost, type Clock } from "@kasbah/runtime";
import { LRUCache } from "lru-cache";
import type { BearerToken } from "../bearer-token.ts";
import type { TokenReviewStatus } from "../ports.ts";

/** A token, its signature and claims, and where it came from. */
export type PresentedToken = Pick<
  BearerToken,
  "text" | "signed" | "unprovenClaims" | "peerAddress" | "peerCertificates"
>;

export interface ReviewCacheDeps {
  /** `wasAccepted` tells whether the API server accepted the token before. @throws ReviewUnavailable */
  readonly ask: (token: PresentedToken, wasAccepted: boolean) => Promise<TokenReviewStatus>;
  readonly clock: Clock;
  readonly onAnswer: (from: "cache" | "shared") => void;
}

interface CachedReview {
  readonly status: TokenReviewStatus;
  readonly untilMs: number;
}

/**
 * The API server caches a valid token for 10 s itself, so the token of a deleted pod is accepted for at most
 * 15 s.
 */
const acceptedMs = 5_000;
/** However often a rejected token is sent, it costs the API server one review in this time. */
const rejectedMs = 2_000;
const maxCached = 20_000;

/**
 * Reviews a token once for concurrent calls with it, and not again for a short time. Accepted and rejected tokens
 * never evict each other. The caches are keyed by a hash, so no token stays in memory longer than its call.
 */
export class ReviewCache {
  readonly #deps: ReviewCacheDeps;
  readonly #accepted = new LRUCache<string, CachedReview>(atMost(maxCached));
  readonly #rejected = new LRUCache<string, CachedReview>(atMost(maxCached));
  readonly #asking = new Map<string, Promise<TokenReviewStatus>>();

  constructor(deps: ReviewCacheDeps) {
    this.#deps = deps;
  }

  /** @throws ReviewUnavailable, CaError */
  async review(token: PresentedToken): Promise<TokenReviewStatus> {
    const { clock, onAnswer } = this.#deps;
    const key = hash("sha256", token.text, "base64");
    const known = this.#accepted.get(key) ?? this.#rejected.get(key);
    if (known !== undefined && clock.monotonicMs() < known.untilMs) {
      onAnswer("cache");
      return known.status;
    }
    const asking = this.#asking.get(key);
    if (asking !== undefined) {
      onAnswer("shared");
      return asking;
    }
    return this.#ask(key, token);
  }

  #ask(key: string, token: PresentedToken): Promise<TokenReviewStatus> {
    const asked = this.#deps
      .ask(token, this.#accepted.has(key))
      .then((status) => this.#keep(key, status))
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asked);
    return asked;
  }

  #keep(key: string, status: TokenReviewStatus): TokenReviewStatus {
    const untilMs = this.#deps.clock.monotonicMs() + (status.authenticated ? acceptedMs : rejectedMs);
    this.#accepted.delete(key);
    this.#rejected.delete(key);
    (status.authenticated ? this.#accepted : this.#rejected).set(key, { status, untilMs });
    return status;
  }
}
