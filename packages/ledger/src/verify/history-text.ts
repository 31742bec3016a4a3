import type { OperatorEntry } from "../entry/entry.ts";
import {
  anchoredAct,
  formerlyPrunedAct,
  gapAct,
  missingAct,
  peerLostAct,
  peerReplacedAct,
  prunedAct,
  tailAct,
} from "../entry/ledger-act.ts";

/** A record of the CA about its ledger, and the index of its entry. */
export interface HistoryAct {
  readonly index: number;
  readonly entry: OperatorEntry;
}

const texts: Readonly<Record<string, (entry: OperatorEntry) => string>> = {
  [gapAct]: (entry) =>
    `the ledger before this one was lost on ${entry.time}: ${word(entry, "found")}; ${lastHead(entry)}; ${evidence(entry)}`,
  [missingAct]: (entry) =>
    `entries ${fact(entry, "from")} to ${fact(entry, "first") - 1} were missing on ${entry.time}, and were younger than the retention period`,
  [peerLostAct]: (entry) =>
    `the ledger of the replica ${word(entry, "replica")} went back or was replaced (found on ${entry.time}): ${word(entry, "found")}; ${lastHead(entry)}`,
  [peerReplacedAct]: (entry) =>
    `the replica ${word(entry, "replica")} reported the loss of its ledger (noticed on ${entry.time}): ${word(entry, "found")}; ${lastHead(entry)}`,
  [anchoredAct]: (entry) =>
    `the control state did not know this ledger on ${entry.time}: ${fact(entry, "entries")} entries were taken as they were`,
  [prunedAct]: (entry) =>
    `retention removed ${fact(entry, "entries")} entries before entry ${fact(entry, "first")} on ${entry.time}`,
  [formerlyPrunedAct]: (entry) =>
    `entries ${fact(entry, "from")} to ${fact(entry, "first") - 1} were missing on ${entry.time}, and were older than the retention period, as if an earlier release had removed them`,
  [tailAct]: (entry) => {
    const from = fact(entry, "first");
    return `entries ${from} to ${from + fact(entry, "entries") - 1} were signed only at the next start, on ${entry.time}`;
  },
};

/** One sentence without a full stop. */
export function describeAct({ index, entry }: HistoryAct): string {
  return `entry ${index}: ${texts[entry.act]?.(entry) ?? entry.act}`;
}

/** A number in the arguments of an act; 0 if it is missing. */
export function fact({ arguments: facts }: OperatorEntry, name: string): number {
  const value = facts?.[name];
  return typeof value === "number" ? value : 0;
}

function word({ arguments: facts }: OperatorEntry, name: string): string {
  return String(facts?.[name] ?? "unknown");
}

function lastHead({ arguments: facts = {} }: OperatorEntry): string {
  return facts["lastOrigin"] === undefined
    ? "its last head is unknown"
    : `its last known head is ${facts["lastSize"]} entries of ${facts["lastOrigin"]}, root ${facts["lastRoot"]}`;
}

function evidence({ arguments: facts = {} }: OperatorEntry): string {
  return facts["evidence"] ? `what was left is in ledger/${facts["evidence"]}` : "nothing was left of it";
}
