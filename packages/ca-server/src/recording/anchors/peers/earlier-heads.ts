import type { LedgerHead } from "../../../authorities/rotation/authority-state.ts";

/** A head that a longer one has replaced. */
export interface EarlierHead extends LedgerHead {
  /** When this replica replaced it, by its own clock: the time of a head is that of the other replica. */
  readonly seen: string;
}

const minuteMs = 60_000;
/** Each period is four times as long as the one before; the last one never ends. */
const factor = 4;
const lastPeriod = 10;

/**
 * Keeps the oldest head of each ledger in each of eleven periods, from a minute to two years ago, so that no number of
 * new heads displaces an old one.
 */
export function thinHeads(heads: readonly EarlierHead[], now: Date): readonly EarlierHead[] {
  const kept = new Map<string, EarlierHead>();
  for (const head of heads.toSorted((one, other) => (one.seen < other.seen ? -1 : 1))) {
    const key = `${periodOf(head, now)} ${head.origin}`;
    if (!kept.has(key)) kept.set(key, head);
  }
  return [...kept.values()];
}

function periodOf({ seen }: EarlierHead, now: Date): number {
  const minutes = Math.max(now.getTime() - Date.parse(seen), minuteMs) / minuteMs;
  return Math.min(Math.floor(Math.log(minutes) / Math.log(factor)), lastPeriod);
}
