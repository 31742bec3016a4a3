import { backdateMs, type Certificate } from "@kasbah/pki";

export interface TimedReply {
  readonly leaf: Certificate;
  readonly requestedTtlMs: number;
  readonly askedAt: Date;
  readonly receivedAt: Date;
}

/** Ends of a leaf's life are whole seconds, rounded down: on average the CA's clock was half a second further. */
const roundingMs = 500;

/**
 * How far the CA's clock is ahead of ours, in milliseconds, to about a second; negative when ours is ahead. Read from a leaf of
 * the CA, which begins two minutes before its signing (kasbah and Istio do so). Undefined for a leaf whose whole life is not what
 * we asked for and those two minutes: then its begin does not tell when it was signed.
 */
export function clockOffsetMs({ leaf, requestedTtlMs, askedAt, receivedAt }: TimedReply): number | undefined {
  const askedSeconds = Math.floor(requestedTtlMs / 1_000);
  const livedMs = leaf.notAfter.getTime() - leaf.notBefore.getTime();
  if (livedMs !== askedSeconds * 1_000 + backdateMs) return undefined;
  const signedAt = leaf.notBefore.getTime() + backdateMs + roundingMs;
  return signedAt - (askedAt.getTime() + receivedAt.getTime()) / 2;
}

/**
 * The time by which a token counts as expired: by whichever clock is further behind. An offset that no longer holds must not
 * make a good token look expired: a token that is held back brings no reply that could set the offset right.
 */
export function tokenTime(now: Date, offsetMs: number | undefined): Date {
  return new Date(now.getTime() + Math.min(0, offsetMs ?? 0));
}
