import { atMost, type Clock } from "@kasbah/runtime";
import { LRUCache } from "lru-cache";
import { CaError } from "../errors.ts";
import type { Throttle } from "../issuance/ports.ts";
import type { Share } from "../issuance/rules.ts";
import { type Bucket, draw } from "../issuance/token-bucket.ts";

/** Beyond this many callers, those that called least recently start again with a full bucket. */
const maxBuckets = 100_000;
const globalKey = "";
const ownCure = "look for a restart loop of the pod, or ask the operator of the mesh to raise its rate";
const globalCure = "ask the operator of the mesh to raise the total rate of the policy";

/** Holds one token bucket for each caller and one for all of them, in bounded memory. */
export function createThrottle(clock: Clock): Throttle {
  const buckets = new LRUCache<string, Bucket>(atMost(maxBuckets));

  function take({ key, rate, rule }: Share, whose: string, cure: string, limit = ""): void {
    const { bucket, waitMs } = draw(buckets.get(key), rate, clock.monotonicMs());
    buckets.set(key, bucket);
    if (waitMs === 0) return;
    throw new CaError("RATE_LIMITED", `${whose} too many requests`, {
      ...(rule === undefined ? {} : { rule }),
      expected: `at most ${rate.perMinute} per minute${limit}`,
      fix: `retry in ${Math.ceil(waitMs / 1000)} s; if this recurs, ${cure}`,
      retryAfterMs: waitMs,
    });
  }

  return {
    takeOwn({ key, rate, rule }) {
      const own = { key: `caller ${key}`, rate, ...(rule === undefined ? {} : { rule }) };
      take(own, "this caller sends", ownCure, rule === undefined ? " (--default-rate)" : "");
    },
    takeGlobal: (rate) => take({ key: globalKey, rate }, "all callers together send", globalCure),
  };
}
