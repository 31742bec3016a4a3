import type { Clock } from "@kasbah/runtime";

/**
 * When a certificate is rotated and how far a fleet's rotations are spread out, as shares of the lifetime.
 */
export interface RotationPolicy {
  /** Share of the lifetime that is left when rotation is due, 0 to 1. */
  readonly graceRatio: number;
  /** Maximum deviation of a certificate's share from `graceRatio`, in either direction. */
  readonly jitter: number;
}

export interface Lifetime {
  /**
   * When the agent received the certificate. Its lifetime counts from here, not from its backdated notBefore.
   */
  readonly receivedAt: Date;
  readonly notAfter: Date;
}

/** Prevents a tight loop of requests if the grace ratio is close to 1. */
const minimumRestMs = 1_000;

/**
 * Returns the time to rotate: `notAfter − g·L` with `g = clamp01(ratio ± jitter)` and L the remaining
 * lifetime on receipt, as in Istio. `roll` is uniform in [0, 1) and drawn once per certificate: if it were
 * drawn at every check, the earliest draw would win and the fleet would no longer be spread out.
 */
export function rotateAt(lifetime: Lifetime, policy: RotationPolicy, roll: number): Date {
  const received = lifetime.receivedAt.getTime();
  const notAfter = lifetime.notAfter.getTime();
  const grace = Math.min(1, Math.max(0, policy.graceRatio + (2 * roll - 1) * policy.jitter));
  const due = notAfter - grace * Math.max(0, notAfter - received);
  return new Date(Math.max(due, received + minimumRestMs));
}

/** How soon to retry: `fast` if the CA may recover at any moment, `slow` if it has refused. */
export type RetryUrgency = "fast" | "slow";

export interface FailedAttempt {
  readonly pace: RetryUrgency;
  /** Consecutive failures, including this one: 1 for the first. */
  readonly failures: number;
  /** The minimum delay that the CA requested; 0 if none. */
  readonly retryAfterMs: number;
  /** Remaining lifetime of the served secret; undefined if there is none. */
  readonly remainingMs: number | undefined;
  /** Uniform in [0, 1). */
  readonly roll: number;
}

const paces = {
  fast: { floorMs: 100, firstMs: 100, capMs: 30_000 },
  /** For a secret with enough lifetime left, so that a fleet does not overload a flapping CA. */
  unhurried: { floorMs: 100, firstMs: 1_000, capMs: 30_000 },
  slow: { floorMs: 10_000, firstMs: 10_000, capMs: 300_000 },
} as const;

const hurryBelowMs = 60_000;

/** A workload with an expired secret is cut off, so it retries soon after the CA recovers. */
const expiredCapMs = 5_000;

/**
 * Full jitter over an exponentially growing window, 0.1–30 s (slow: 10–300 s), starting at two seconds if the
 * secret has more than a minute left. A valid secret limits the window to half of its remaining lifetime, so
 * that several attempts precede notAfter; an expired one limits it to 5 s, unless the CA refused.
 */
export function retryDelayMs(attempt: FailedAttempt): number {
  const { floorMs, firstMs, capMs } = windowOf(attempt);
  const grown = Math.min(capMs, firstMs * 2 ** Math.min(attempt.failures, 30));
  const wished = Math.max(floorMs, Math.min(attempt.retryAfterMs, paces.slow.capMs), attempt.roll * grown);
  if (attempt.remainingMs === undefined || attempt.remainingMs <= 0) return wished;
  return Math.max(paces.fast.floorMs, Math.min(wished, (attempt.roll * attempt.remainingMs) / 2));
}

interface Window {
  readonly floorMs: number;
  readonly firstMs: number;
  readonly capMs: number;
}

function windowOf({ pace, remainingMs }: FailedAttempt): Window {
  if (pace === "slow" || remainingMs === undefined) return paces[pace];
  if (remainingMs <= 0) return { ...paces.fast, capMs: expiredCapMs };
  return remainingMs > hurryBelowMs ? paces.unhurried : paces.fast;
}

const longestCallMs = 10_000;
const shortestCallMs = 250;

/**
 * Returns the deadline for one of `cas` CAs: ten seconds, or less, so that an unresponsive CA leaves half of
 * the secret's remaining lifetime for the others and for retries. `remainingMs` is undefined if there is no
 * secret.
 */
export function callDeadlineMs(remainingMs: number | undefined, cas: number): number {
  if (remainingMs === undefined || remainingMs <= 0) return longestCallMs;
  return Math.max(shortestCallMs, Math.min(longestCallMs, Math.floor(remainingMs / (2 * cas))));
}

/** Returns the time left of `ms`, by the clock that has advanced further. */
export function countdown(clock: Clock, ms: number): () => number {
  const wallMs = clock.now().getTime();
  const monotonicMs = clock.monotonicMs();
  return () => ms - Math.max(clock.now().getTime() - wallMs, clock.monotonicMs() - monotonicMs);
}
