import { createHash } from "node:crypto";
import type { Clock } from "@kasbah/runtime";
import { LRUCache } from "lru-cache";
import pLimit, { type LimitFunction } from "p-limit";
import { ReviewUnavailable, type TokenReviewStatus } from "../ports.ts";

export interface ReviewCacheDeps {
  readonly ask: (token: string) => Promise<TokenReviewStatus>;
  readonly clock: Clock;
  readonly onAnswer: (from: "cache" | "shared" | "api-server") => void;
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
const maxAtOnce = 50;
/** Beyond this many waiting callers, the last would not get a response before their deadline. */
const maxWaiting = 500;

/**
 * Has the API server review tokens: at most fifty at a time, once for concurrent calls with the same token,
 * and not again for a short time. The cache is keyed by a hash, so no token stays in memory longer than its
 * call.
 */
export class ReviewCache {
  readonly #deps: ReviewCacheDeps;
  readonly #cached = new LRUCache<string, CachedReview>({ max: maxCached });
  readonly #asking = new Map<string, Promise<TokenReviewStatus>>();
  readonly #limit: LimitFunction = pLimit(maxAtOnce);

  constructor(deps: ReviewCacheDeps) {
    this.#deps = deps;
  }

  /** @throws ReviewUnavailable */
  async review(token: string): Promise<TokenReviewStatus> {
    const { clock, onAnswer } = this.#deps;
    const key = createHash("sha256").update(token).digest("base64");
    const known = this.#cached.get(key);
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

  #ask(key: string, token: string): Promise<TokenReviewStatus> {
    if (this.#limit.pendingCount >= maxWaiting) {
      throw new ReviewUnavailable(`${maxWaiting} callers are already waiting for the API server`);
    }
    const { ask, clock, onAnswer } = this.#deps;
    onAnswer("api-server");
    const asked = this.#limit(() => ask(token))
      .then((status) => {
        const forMs = status.authenticated ? acceptedMs : rejectedMs;
        this.#cached.set(key, { status, untilMs: clock.monotonicMs() + forMs });
        return status;
      })
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asked);
    return asked;
  }
}
