import { addressGroup, atMost, type Clock, ServiceRate } from "@kasbah/runtime";
import { LRUCache } from "lru-cache";
import { FairQueue, type QueueHolder } from "../../admission/turns/fair-queue.ts";
import { RetryTime } from "../../admission/turns/retry-time.ts";
import type { Rate } from "../../issuance/rules.ts";
import { type Bucket, draw } from "../../issuance/token-bucket.ts";
import { ReviewUnavailable } from "../ports.ts";
import type { TokenProof } from "./cluster-keys.ts";

/** Tokens that an earlier review accepted count as proven, unless their callers renew a certificate that still lasts. */
export type ReviewLane = TokenProof | "renewing";

/** Who presents a token. */
export interface ReviewAsker {
  /** `host:port` of the peer. */
  readonly peerAddress: string;
  /** According to the token, so that it counts only if the token is proven. */
  readonly namespace?: string | undefined;
}

interface LaneLimits {
  readonly atOnce: number;
  readonly waiting: number;
  /** Of one address, or of one namespace if the tokens are proven. */
  readonly waitingPerGroup: number;
  readonly isProven?: boolean;
  /** New reviews in total; one address may use half of it. */
  readonly rate?: Rate;
}

const maxAtOnce = 50;
/** The most callers that wait in one lane. */
const maxWaiting = 500;
/** Callers give up after ten seconds, and the certificate itself takes a part of that. */
const patienceMs = 4_000;

/**
 * Proven tokens always find a fifth of the reviews free. Tokens with an unknown key are invented, or those of a cluster
 * that hides a key, which the first accepted one reveals.
 */
const limits: Readonly<Record<ReviewLane, LaneLimits>> = {
  proven: { atOnce: maxAtOnce, waiting: maxWaiting, waitingPerGroup: maxWaiting, isProven: true },
  renewing: { atOnce: 40, waiting: maxWaiting, waitingPerGroup: maxWaiting, isProven: true },
  "unknown key": {
    ...{ atOnce: 10, waiting: 100, waitingPerGroup: 50 },
    rate: { perMinute: 600, burst: 100 },
  },
  "no keys": { atOnce: 40, waiting: maxWaiting, waitingPerGroup: maxWaiting / 2 },
};
/** In the order in which they start. */
const lanes = ["proven", "renewing", "unknown key", "no keys"] as const;
const maxRemembered = 10_000;

interface Waiting {
  start(): void;
  refuse(error: ReviewUnavailable): void;
}

/**
 * Bounds the reviews at the API server: in total, and for tokens without a proof also by address. Namespaces take turns,
 * and so do addresses whose tokens have no proof, and the connections of each.
 */
export class ReviewQueue {
  readonly #clock: Clock;
  readonly #queues: Readonly<Record<ReviewLane, FairQueue<Waiting>>>;
  readonly #open: Record<ReviewLane, number> = { proven: 0, renewing: 0, "unknown key": 0, "no keys": 0 };
  readonly #rate = new ServiceRate();
  readonly #retryTime = new RetryTime();
  readonly #roll: () => number;
  readonly #buckets = new LRUCache<string, Bucket>(atMost(maxRemembered));
  #total: Bucket | undefined;

  /** @param roll uniform in [0, 1) */
  constructor(clock: Clock, roll: () => number) {
    this.#clock = clock;
    this.#roll = roll;
    const queueOf = (lane: ReviewLane) => {
      const { waiting: max, waitingPerGroup: maxPerGroup } = limits[lane];
      return new FairQueue<Waiting>({ max, maxPerGroup });
    };
    this.#queues = {
      proven: queueOf("proven"),
      renewing: queueOf("renewing"),
      "unknown key": queueOf("unknown key"),
      "no keys": queueOf("no keys"),
    };
  }

  /**
   * Runs the review as soon as there is room.
   *
   * @throws ReviewUnavailable if too many callers wait already.
   */
  async run<T>(lane: ReviewLane, asker: ReviewAsker, review: () => Promise<T>): Promise<T> {
    const { rate, isProven } = limits[lane];
    const holder = holderOf(asker, isProven === true);
    if (rate !== undefined) this.#spend(rate, holder.group);
    await this.#turn(lane, holder);
    try {
      return await review();
    } finally {
      this.#open[lane] -= 1;
      this.#rate.finished(this.#clock.monotonicMs(), this.#waiting > 0);
      this.#startNext();
    }
  }

  #turn(lane: ReviewLane, holder: QueueHolder): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = { start: resolve, refuse: reject };
      const evicted = this.#queues[lane].add(waiting, holder, this.#mostWaiting(lane));
      evicted?.refuse(tooMany(this.#retryAfterMs()));
      this.#startNext();
      if (this.#waiting > 0) this.#rate.waits(this.#clock.monotonicMs());
    });
  }

  get #waiting(): number {
    return lanes.reduce((sum, each) => sum + this.#queues[each].size, 0);
  }

  /** How many the API server reviews before they give up. */
  #mostWaiting(lane: ReviewLane): number {
    const inTime = Math.floor((this.#rate.perSecond * patienceMs) / 1_000);
    return Math.min(limits[lane].waiting, Math.max(maxAtOnce, inTime));
  }

  #retryAfterMs(): number {
    const [nowMs, waiting] = [this.#clock.monotonicMs(), this.#waiting];
    return this.#retryTime.refuse({ nowMs, waiting, perSecond: this.#rate.perSecond, roll: this.#roll() });
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

function holderOf({ peerAddress, namespace }: ReviewAsker, isProven: boolean): QueueHolder {
  const address = addressGroup(hostOf(peerAddress));
  return { group: (isProven ? namespace : undefined) ?? address, caller: peerAddress };
}

/** Without the port and without the brackets of IPv6. */
function hostOf(peerAddress: string): string {
  return peerAddress.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}
