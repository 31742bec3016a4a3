import { backdateFor, type Certificate, maxBackdateMs } from "@kasbah/pki";

export interface TimedReply {
  readonly leaf: Certificate;
  readonly requestedTtlMs: number;
  readonly askedAt: Date;
  readonly receivedAt: Date;
}

/**
 * Validity times are rounded down to whole seconds, so on average the CA's clock was half a second ahead of
 * them.
 */
const roundingMs = 500;

/**
 * Returns how far the CA's clock is ahead of the local clock, accurate to about a second; negative if it is
 * behind. The CA backdates a leaf by a time that follows from its lifetime, so notBefore shows when it was
 * signed. Undefined if the validity is not the requested lifetime plus that time.
 */
export function clockOffsetMs({ leaf, requestedTtlMs, askedAt, receivedAt }: TimedReply): number | undefined {
  const grantedMs = Math.floor(requestedTtlMs / 1_000) * 1_000;
  const backdateMs = leaf.notAfter.getTime() - leaf.notBefore.getTime() - grantedMs;
  if (!backdatesOf(grantedMs).includes(backdateMs)) return undefined;
  const signedAt = leaf.notBefore.getTime() + backdateMs + roundingMs;
  return signedAt - (askedAt.getTime() + receivedAt.getTime()) / 2;
}

/** Of a kasbah CA; of Istio's and of earlier releases, which backdate every leaf by two minutes. */
function backdatesOf(grantedMs: number): readonly number[] {
  return [backdateFor(grantedMs), maxBackdateMs];
}

/**
 * Returns the time for checking a token's expiry: the earlier of the two clocks. An outdated offset must not
 * make a valid token look expired, because a token that is not sent brings no reply to correct the offset.
 */
export function tokenTime(now: Date, offsetMs: number | undefined): Date {
  return new Date(now.getTime() + Math.min(0, offsetMs ?? 0));
}
