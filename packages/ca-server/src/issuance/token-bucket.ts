import type { Rate } from "./rules.ts";

/** How much of a rate is left, at a monotonic time in milliseconds. */
export interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/** What a call finds: the bucket after it, and for how long to wait when it was empty. */
export interface Draw {
  readonly bucket: Bucket;
  /** Zero when the call may go on. */
  readonly waitMs: number;
}

const minuteMs = 60_000;

/** Takes one token from a bucket that fills at the rate and holds its burst; a new bucket is full. */
export function draw(bucket: Bucket | undefined, { perMinute, burst }: Rate, nowMs: number): Draw {
  const grown = bucket === undefined ? burst : bucket.tokens + ((nowMs - bucket.atMs) / minuteMs) * perMinute;
  const tokens = Math.min(burst, grown);
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, atMs: nowMs }, waitMs: 0 };
  const waitMs = Math.ceil(((1 - tokens) / perMinute) * minuteMs);
  return { bucket: { tokens, atMs: nowMs }, waitMs };
}
