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

interface Verdict {
  readonly status: TokenReviewStatus;
  readonly untilMs: number;
}

/** The API server remembers a good token for ten seconds itself, so that a deleted pod's ends within fifteen. */
const acceptedForMs = 5_000;
/** A token that is refused costs the API server one question in this time, however often it is sent. */
const refusedForMs = 2_000;
const maxVerdicts = 20_000;
const maxAtOnce = 50;
/** More waiting callers than this would not be answered within their deadline. */
const maxWaiting = 500;

/**
 * Asks the API server about tokens: at most fifty at a time, once for a token that many present together, and not again
 * for a short while. Keyed by a hash, so that no token lies in memory longer than its call.
 */
export class ReviewCache {
  readonly #deps: ReviewCacheDeps;
  readonly #verdicts = new LRUCache<string, Verdict>({ max: maxVerdicts });
  readonly #asking = new Map<string, Promise<TokenReviewStatus>>();
  readonly #limit: LimitFunction = pLimit(maxAtOnce);

  constructor(deps: ReviewCacheDeps) {
    this.#deps = deps;
  }

  /** @throws ReviewUnavailable */
  async review(token: string): Promise<TokenReviewStatus> {
    const { clock, onAnswer } = this.#deps;
    const key = createHash("sha256").update(token).digest("base64");
    const known = this.#verdicts.get(key);
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
        const forMs = status.authenticated ? acceptedForMs : refusedForMs;
        this.#verdicts.set(key, { status, untilMs: clock.monotonicMs() + forMs });
        return status;
      })
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asked);
    return asked;
  }
}
