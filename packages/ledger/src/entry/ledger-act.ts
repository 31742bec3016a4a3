import { entryVersion, type OperatorEntry } from "./entry.ts";

// The CA's records about its own ledger. They have the form of an operator's act, because earlier releases
// read and verify those.

/** The ledger before this one was lost; the entry names its last known head. */
export const gapAct = "ledger-gap";
/** An operator accepted that loss. */
export const acceptLossAct = "accept-ledger-loss";
/** Retention removes all entries before `first`. */
export const prunedAct = "ledger-pruned";
/** The CA stopped before it had signed these entries. */
export const tailAct = "ledger-unsigned-tail";
/** The control state had no anchor of this ledger, as at the first start of this release. */
export const anchoredAct = "ledger-anchored";

export type LedgerAct = typeof gapAct | typeof prunedAct | typeof tailAct | typeof anchoredAct;

export function ledgerAct(
  act: LedgerAct,
  facts: Readonly<Record<string, string | number>>,
  now: Date,
): OperatorEntry {
  return {
    v: entryVersion,
    kind: "operator",
    time: now.toISOString(),
    act,
    arguments: facts,
    outcome: "accepted",
  };
}
