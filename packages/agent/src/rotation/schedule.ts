import type { Clock } from "@kasbah/runtime";

/** When a certificate is due and how spread out a fleet's rotations are; both as shares of a certificate's life. */
export interface RotationPolicy {
  /** Share of life left when rotation is due, 0 to 1. */
  readonly graceRatio: number;
  /** The furthest that one certificate's share may stray from `graceRatio`, either way. */
  readonly jitter: number;
}

export interface Lifetime {
  /** When we got the certificate: its life counts from here, not from its backdated notBefore. */
  readonly receivedAt: Date;
  readonly notAfter: Date;
}

/** A grace ratio near 1 would otherwise ask the CA in a tight loop. */
const minimumRestMs = 1_000;

/**
 * The instant at which to rotate: `notAfter − g·L` with `g = clamp01(ratio ± jitter)` and L the life left on receipt,
 * which is Istio's rule. `roll` is uniform in [0, 1) and drawn once per certificate: drawn at every look, the earliest
 * draw would win and the fleet's spread would collapse.
 */
export function rotateAt(lifetime: Lifetime, policy: RotationPolicy, roll: number): Date {
  const received = lifetime.receivedAt.getTime();
  const notAfter = lifetime.notAfter.getTime();
  const grace = Math.min(1, Math.max(0, policy.graceRatio + (2 * roll - 1) * policy.jitter));
  const due = notAfter - grace * Math.max(0, notAfter - received);
  return new Date(Math.max(due, received + minimumRestMs));
}

/** How eagerly to try again: `fast` when the CA may be back any moment, `slow` when it has said no. */
export type RetryUrgency = "fast" | "slow";

export interface FailedAttempt {
  readonly pace: RetryUrgency;
  /** Failures in a row, this one included: 1 for the first. */
  readonly failures: number;
  /** The least that the CA asked for; 0 when it named nothing. */
  readonly retryAfterMs: number;
  /** What the served secret has left to live; undefined when there is none to save. */
  readonly remainingMs: number | undefined;
  /** Uniform in [0, 1). */
  readonly roll: number;
}

const paces = {
  fast: { floorMs: 100, firstMs: 100, capMs: 30_000 },
  /** With a secret that has time, so that a fleet does not run up to a CA that comes and goes. */
  unhurried: { floorMs: 100, firstMs: 1_000, capMs: 30_000 },
  slow: { floorMs: 10_000, firstMs: 10_000, capMs: 300_000 },
} as const;

const hurryBelowMs = 60_000;

/** A workload whose secret has ended is cut off: it comes back soon after the CA does. */
const expiredCapMs = 5_000;

/**
 * Full jitter over an exponentially growing window, 0.1–30 s (slow: 10–300 s), which begins at two seconds while the served
 * secret has more than a minute. A secret still alive narrows the window
 * to half of its remaining life, so that several attempts fall before notAfter and not one after it; one that has ended
 * narrows it to 5 s, unless the CA has said no.
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
 * How long one of `cas` CAs may take to answer: ten seconds, or what lets a silent one leave half of the secret's remaining
 * life to the others and to further attempts. `remainingMs` is undefined when there is no secret to save.
 */
export function callDeadlineMs(remainingMs: number | undefined, cas: number): number {
  if (remainingMs === undefined || remainingMs <= 0) return longestCallMs;
  return Math.max(shortestCallMs, Math.min(longestCallMs, Math.floor(remainingMs / (2 * cas))));
}

/** What is left of `ms` from now on, by whichever of the clocks has gone further. */
export function countdown(clock: Clock, ms: number): () => number {
  const wallMs = clock.now().getTime();
  const monotonicMs = clock.monotonicMs();
  return () => ms - Math.max(clock.now().getTime() - wallMs, clock.monotonicMs() - monotonicMs);
}
