import type { Rate } from "./rules.ts";

/** The state of a token bucket at a monotonic time in milliseconds. */
export interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/** The result of taking a token: the new bucket, and how long to wait if it was empty. */
export interface Draw {
  readonly bucket: Bucket;
  /** Zero if a token was available. */
  readonly waitMs: number;
}

const minuteMs = 60_000;

/**
 * Takes one token from a bucket that refills at the rate and holds at most its burst. A new bucket is full.
 */
export function draw(bucket: Bucket | undefined, { perMinute, burst }: Rate, nowMs: number): Draw {
  const grown = bucket === undefined ? burst : bucket.tokens + ((nowMs - bucket.atMs) / minuteMs) * perMinute;
  const tokens = Math.min(burst, grown);
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, atMs: nowMs }, waitMs: 0 };
  const waitMs = Math.ceil(((1 - tokens) / perMinute) * minuteMs);
  return { bucket: { tokens, atMs: nowMs }, waitMs };
}
