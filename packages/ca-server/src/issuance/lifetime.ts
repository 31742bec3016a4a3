import { CaError } from "../errors.ts";
import type { IssuancePolicy, Ruling, Terms } from "./rules.ts";

/** The longest time that a stock ztunnel waits after a failed renewal (identity/manager.rs). */
export const ztunnelRetryMs = 150_000;

/**
 * Stock clients can lose shorter certificates: they renew at half of the validity, which leaves 0.55 of the
 * lifetime, and that must be longer than one retry of ztunnel.
 */
export const stockClientFloorMs = 300_000;

/** The lifetimes that the terms of a rule grant, within the limits of the CA. */
interface GrantedLifetimes {
  /** If the request names none. */
  readonly usualMs: number;
  readonly longestMs: number;
}

/**
 * One certificate with a long lifetime delays every rotation until it expires, so a lifetime above the ceiling
 * takes an explicit word of the operator: the maximum of a rule, or a default above the ceiling.
 */
export function lifetimesFor(terms: Terms, policy: IssuancePolicy): GrantedLifetimes {
  const usualMs = terms.defaultTtlMs ?? policy.defaultTtlMs;
  const grantedMs = terms.maxTtlMs ?? Math.max(policy.ttlCeilingMs, usualMs);
  const longestMs = Math.min(grantedMs, policy.maxTtlMs);
  return { usualMs: Math.min(usualMs, longestMs), longestMs };
}

/**
 * A lifetime above the CA's maximum is an error, as in stock CAs. A rule's own maximum and the ceiling clamp,
 * because clients plan their renewal by the expiry in the certificate. Only a rule that has a maximum can
 * refuse instead.
 *
 * @throws CaError `TTL_TOO_LONG`
 */
export function approveTtl(requestedMs: number, { rule, terms }: Ruling, policy: IssuancePolicy): number {
  if (!(requestedMs <= policy.maxTtlMs)) throw ttlTooLong(requestedMs, policy.maxTtlMs, {});
  const { usualMs, longestMs } = lifetimesFor(terms, policy);
  const mayRefuse = terms.onExcess === "refuse" && terms.maxTtlMs !== undefined;
  if (requestedMs > longestMs && mayRefuse) throw ttlTooLong(requestedMs, longestMs, { rule });
  return requestedMs > 0 ? Math.min(requestedMs, longestMs) : usualMs;
}

function ttlTooLong(requestedMs: number, maxMs: number, where: { readonly rule?: string }): CaError {
  return new CaError("TTL_TOO_LONG", "the requested lifetime is too long", {
    ...where,
    expected: `validity_duration of at most ${maxMs / 1000} s`,
    seen: `${requestedMs / 1000} s`,
    fix: "request a shorter lifetime (SECRET_TTL), or 0 for the default",
  });
}
