import type { Tone } from "./paint.ts";

const dayMs = 24 * 3_600_000;

/** The tone of an authority's expiry, with the default limits of `kasbah check`. */
export function authorityTone(notAfter: Date, now: Date): Tone | undefined {
  const leftMs = notAfter.getTime() - now.getTime();
  return leftMs <= 7 * dayMs ? "critical" : leftMs <= 30 * dayMs ? "warning" : undefined;
}

/** The tone of a workload certificate's expiry: agents renew at half of the lifetime, so in the last quarter it is late. */
export function leafTone({ notBefore, notAfter }: Validity, now: Date): Tone | undefined {
  const leftMs = notAfter.getTime() - now.getTime();
  if (leftMs <= 0) return "critical";
  return leftMs < (notAfter.getTime() - notBefore.getTime()) / 4 ? "warning" : undefined;
}

interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}
