import type { Validity } from "@kasbah/pki";

/** Where a certificate is in its life; `expiring` if it should have been renewed by now. */
export type ValidityStage = "not-yet-valid" | "valid" | "expiring" | "expired";

/** ACME clients and cert-manager renew when a third is left. */
const expiringShare = 0.2;
/** A fifth of a root's twenty years would be a warning of four years, which operators would ignore. */
const longestNoticeMs = 30 * 86_400_000;

/** The stage at `now`: `expiring` begins at a fifth of the lifetime, at most 30 days before the expiry. */
export function validityStage({ notBefore, notAfter }: Validity, now: Date): ValidityStage {
  const leftMs = notAfter.getTime() - now.getTime();
  if (leftMs <= 0) return "expired";
  if (now < notBefore) return "not-yet-valid";
  const lifeMs = notAfter.getTime() - notBefore.getTime();
  return leftMs <= Math.min(expiringShare * lifeMs, longestNoticeMs) ? "expiring" : "valid";
}

/** The one that expires last: roots serve their purpose until then. @throws TypeError for none */
export function lastToExpire<V extends Validity>(all: readonly V[]): V {
  return all.reduce((a, b) => (b.notAfter > a.notAfter ? b : a));
}

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
] as const;

/** A duration for people, in its largest unit: `3 h`. */
export function roughDuration(ms: number): string {
  const [unit, unitMs] = units.find(([, each]) => ms >= each) ?? ["s", 1_000];
  return `${Math.floor(ms / unitMs)} ${unit}`;
}

/** An instant for people: `2026-11-21 07:06 UTC`. */
export function utcMinute(instant: Date): string {
  return `${instant.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** The expiry as the end of a sentence: `expires in 5 d (2026-11-21 07:06 UTC)`. */
export function describeExpiry(notAfter: Date, now: Date): string {
  const leftMs = notAfter.getTime() - now.getTime();
  const when = utcMinute(notAfter);
  return leftMs > 0
    ? `expires in ${roughDuration(leftMs)} (${when})`
    : `expired ${roughDuration(-leftMs)} ago (${when})`;
}
