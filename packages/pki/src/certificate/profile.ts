import type { SpiffeId } from "../names/spiffe-id.ts";

/** The window of a certificate, both ends included, in whole seconds. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** How far back a leaf's window starts, so that it is valid at once where clocks run behind; as Istio does. */
export const backdateMs = 120_000;

/** The upper bound of a common name (RFC 5280 appendix A.1, ub-common-name). */
const maxCommonName = 64;

/**
 * The window of a leaf: from two minutes ago until the time to live has passed or the issuer ends, whichever
 * comes first, in whole seconds.
 * @throws RangeError when the time to live is not positive or the issuer has ended
 */
export function leafValidity(o: { now: Date; ttlMs: number; issuerNotAfter: Date }): Validity {
  if (!(o.ttlMs > 0)) throw new RangeError("the time to live is not positive");
  if (o.issuerNotAfter.getTime() <= o.now.getTime()) throw new RangeError("the issuer has ended");
  const end = Math.min(o.now.getTime() + o.ttlMs, o.issuerNotAfter.getTime());
  return { notBefore: wholeSeconds(o.now.getTime() - backdateMs), notAfter: wholeSeconds(end) };
}

/**
 * The common name of a leaf: the SPIFFE ID when the request had a common name of its own and the ID fits in 64
 * characters, else none. Old clients that read only the common name depend on it; its text is never the request's.
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
