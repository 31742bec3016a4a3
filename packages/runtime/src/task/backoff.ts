/**
 * The delay before retry number `attempt` (from 0), with full jitter: anything from 0 to the exponential bound, so
 * that clients which failed together do not return together. `roll` is the caller's random number in [0, 1).
 */
export function fullJitterDelayMs(o: {
  attempt: number;
  baseMs: number;
  capMs: number;
  roll: number;
}): number {
  return Math.floor(o.roll * Math.min(o.capMs, o.baseMs * 2 ** o.attempt));
}
