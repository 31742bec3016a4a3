import { addressGroup, atMost, type Clock } from "@kasbah/runtime";
import { LRUCache } from "lru-cache";
import type { Rate } from "../../issuance/rules.ts";
import { type Bucket, draw } from "../../issuance/token-bucket.ts";
import { ReviewUnavailable } from "../ports.ts";
import type { TokenProof } from "./cluster-keys.ts";
import { FairQueue, type QueueHolder } from "../../admission/turns/fair-queue.ts";

/** Tokens that an earlier review accepted count as proven. */
export type ReviewLane = TokenProof;

interface LaneLimits {
  readonly atOnce: number;
  readonly waiting: number;
  readonly waitingPerAddress: number;
  /** New reviews in total; one address may use half of it. */
  readonly rate?: Rate;
}

const maxAtOnce = 50;
/** Beyond this many waiting callers, the last would not get a response before their deadline. */
const maxWaiting = 500;

/**
 * Proven tokens always find a fifth of the reviews free. Tokens with an unknown key are invented, or those of a cluster
 * that hides a key, which the first accepted one reveals.
 */
const limits: Readonly<Record<ReviewLane, LaneLimits>> = {
  proven: { atOnce: maxAtOnce, waiting: maxWaiting, waitingPerAddress: maxWaiting },
  "unknown key": {
    ...{ atOnce: 10, waiting: 100, waitingPerAddress: 50 },
    rate: { perMinute: 600, burst: 100 },
  },
  "no keys": { atOnce: 40, waiting: maxWaiting, waitingPerAddress: maxWaiting / 2 },
};
/** In the order in which they start. */
const lanes = ["proven", "unknown key", "no keys"] as const;
const maxRemembered = 10_000;

interface Waiting {
  start(): void;
  refuse(error: ReviewUnavailable): void;
}

/** Bounds the reviews at the API server: in total, and for tokens without a proof also by address and connection. */
export class ReviewQueue {
  readonly #clock: Clock;
  readonly #queues: Readonly<Record<ReviewLane, FairQueue<Waiting>>>;
  readonly #open: Record<ReviewLane, number> = { proven: 0, "unknown key": 0, "no keys": 0 };
  readonly #buckets = new LRUCache<string, Bucket>(atMost(maxRemembered));
  #total: Bucket | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    const queueOf = (lane: ReviewLane) => {
      const { waiting: max, waitingPerAddress: maxPerAddress } = limits[lane];
      return new FairQueue<Waiting>({ max, maxPerGroup: maxPerAddress });
    };
    this.#queues = {
      proven: queueOf("proven"),
      "unknown key": queueOf("unknown key"),
      "no keys": queueOf("no keys"),
    };
  }

  /**
   * Runs the review as soon as there is room.
   *
   * @throws ReviewUnavailable if too many callers wait already.
   */
  async run<T>(lane: ReviewLane, peerAddress: string, review: () => Promise<T>): Promise<T> {
    const holder = { group: addressGroup(hostOf(peerAddress)), caller: peerAddress };
    const { rate } = limits[lane];
    if (rate !== undefined) this.#spend(rate, holder.group);
    await this.#turn(lane, holder);
    try {
      return await review();
    } finally {
      this.#open[lane] -= 1;
      this.#startNext();
    }
  }

  #turn(lane: ReviewLane, holder: QueueHolder): Promise<void> {
    return new Promise((resolve, reject) => {
      const evicted = this.#queues[lane].add({ start: resolve, refuse: reject }, holder);
      evicted?.refuse(tooMany());
      this.#startNext();
    });
  }

  #startNext(): void {
    for (const lane of lanes) {
      while (this.#hasRoom(lane)) {
        const waiting = this.#queues[lane].next();
        if (waiting === undefined) break;
        this.#open[lane] += 1;
        waiting.start();
      }
    }
  }

  #hasRoom(lane: ReviewLane): boolean {
    const open = lanes.reduce((sum, each) => sum + this.#open[each], 0);
    return open < maxAtOnce && this.#open[lane] < limits[lane].atOnce;
  }

  #spend(rate: Rate, group: string): void {
    const nowMs = this.#clock.monotonicMs();
    const half = { perMinute: rate.perMinute / 2, burst: rate.burst / 2 };
    const own = draw(this.#buckets.get(group), half, nowMs);
    this.#buckets.set(group, own.bucket);
    if (own.waitMs > 0) throw tooMany(own.waitMs);
    const all = draw(this.#total, rate, nowMs);
    this.#total = all.bucket;
    if (all.waitMs > 0) throw tooMany(all.waitMs);
  }
}

function tooMany(retryAfterMs?: number): ReviewUnavailable {
  return new ReviewUnavailable("too many callers are already waiting for the API server", { retryAfterMs });
}

/** Without the port and without the brackets of IPv6. */
function hostOf(peerAddress: string): string {
  return peerAddress.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}
