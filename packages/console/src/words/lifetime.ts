export type LifeState = "good" | "late" | "expired";

/** Late: less than a quarter of the lifetime is left, so the renewal at its half has failed for a while. */
export function lifeState(notBefore: number, notAfter: number, now: number): LifeState {
  if (now >= notAfter) return "expired";
  return remainingShare(notBefore, notAfter, now) < 0.25 ? "late" : "good";
}

/** How much of a lifetime is left, from 1 to 0. */
export function remainingShare(notBefore: number, notAfter: number, now: number): number {
  const share = (notAfter - now) / (notAfter - notBefore);
  return Number.isFinite(share) ? Math.min(Math.max(share, 0), 1) : 0;
}
