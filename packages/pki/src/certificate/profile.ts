import type { SpiffeId } from "../names/spiffe-id.ts";

/** The validity period of a certificate in whole seconds, both ends included. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** The validity of a leaf starts at most this far in the past, as with Istio. */
export const maxBackdateMs = 120_000;

/**
 * How far in the past the validity of a leaf starts, in whole seconds, so that peers with slow clocks accept it
 * immediately. More than a small share of the lifetime would send clients into a loop that renew at half of the
 * whole validity, such as ztunnel: at 2 minutes, they would renew a certificate of 2 minutes on arrival.
 */
export function backdateFor(lifetimeMs: number): number {
  return Math.min(maxBackdateMs, Math.floor(lifetimeMs / 10_000) * 1000);
}

/** The upper bound of a common name (RFC 5280 appendix A.1, ub-common-name). */
const maxCommonName = 64;

/**
 * The validity of a leaf in whole seconds: from {@link backdateFor} in the past until its lifetime is over or its
 * issuer expires, whichever comes first.
 * @throws RangeError if the lifetime is not positive or the issuer has expired
 */
export function leafValidity(o: { now: Date; ttlMs: number; issuerNotAfter: Date }): Validity {
  if (!(o.ttlMs > 0)) throw new RangeError("the lifetime is not positive");
  if (o.issuerNotAfter.getTime() <= o.now.getTime()) throw new RangeError("the issuer has expired");
  const start = o.now.getTime();
  const end = Math.min(start + o.ttlMs, o.issuerNotAfter.getTime());
  const notAfter = wholeSeconds(end);
  // A certificate must be valid for a time, even if less than a second of it is left.
  const latest = notAfter.getTime() - 1000;
  return { notBefore: wholeSeconds(Math.min(start - backdateFor(end - start), latest)), notAfter };
}

/**
 * The common name of a leaf: the SPIFFE ID if the CSR has a common name and the ID fits in 64 characters,
 * otherwise none. Old clients read only the common name. Its text is never copied from the CSR.
 */
export function leafCommonName(
  request: { readonly hasCommonName: boolean },
  spiffeId: SpiffeId,
): string | undefined {
  const text = spiffeId.toString();
  return request.hasCommonName && text.length <= maxCommonName ? text : undefined;
}

function wholeSeconds(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
