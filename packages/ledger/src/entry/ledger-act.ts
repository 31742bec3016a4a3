import { entryVersion, type OperatorEntry } from "./entry.ts";

// The CA's records about its own ledger. They have the form of an operator's act, because earlier releases
// read and verify those.

/** The ledger before this one was lost; the entry names its last known head. */
export const gapAct = "ledger-gap";
/** Entries before `first` were missing when the CA started, although they were younger than the retention period. */
export const missingAct = "ledger-entries-missing";
/** The ledger of another replica went back or was replaced; the entry names its last known head. */
export const peerLostAct = "ledger-peer-lost";
/** Another replica reported the loss of its ledger, and has begun a new one. */
export const peerReplacedAct = "ledger-peer-replaced";
/** An operator accepted these losses. */
export const acceptLossAct = "accept-ledger-loss";
/** Retention removes all entries before `first`. */
export const prunedAct = "ledger-pruned";
/** Entries before `first` were missing, and older than the retention period: an earlier release removed them. */
export const formerlyPrunedAct = "ledger-formerly-pruned";
/** The CA stopped before it had signed these entries. */
export const tailAct = "ledger-unsigned-tail";
/** The control state had no anchor of this ledger, as at the first start of this release. */
export const anchoredAct = "ledger-anchored";

const acts = [
  ...[gapAct, missingAct, peerLostAct, peerReplacedAct],
  ...[prunedAct, formerlyPrunedAct, tailAct, anchoredAct],
] as const;

export type LedgerAct = (typeof acts)[number];

/** Whether an act says something about the ledger itself. */
export function isLedgerAct(act: string): boolean {
  return act === acceptLossAct || acts.some((one) => one === act);
}

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
