import { atMost, type Clock } from "@kasbah/runtime";
import { LRUCache } from "lru-cache";
import type { Rate } from "../issuance/rules.ts";
import { type Bucket, draw } from "../issuance/token-bucket.ts";

const maxPeers = 10_000;

/** A rate limit for each peer, in bounded memory. */
export class PeerLimit {
  readonly #rate: Rate;
  readonly #clock: Clock;
  readonly #buckets = new LRUCache<string, Bucket>(atMost(maxPeers));

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Whether this peer is still below its limit. */
  take(peer: string): boolean {
    const { bucket, waitMs } = draw(this.#buckets.get(peer), this.#rate, this.#clock.monotonicMs());
    this.#buckets.set(peer, bucket);
    return waitMs === 0;
  }
}
