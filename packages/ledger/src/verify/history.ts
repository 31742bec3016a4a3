import type { OperatorEntry } from "../entry/entry.ts";
import { acceptLossAct, anchoredAct, gapAct, prunedAct, tailAct } from "../entry/ledger-act.ts";
import { entryOf } from "../segments/read-entry.ts";
import type { Finding } from "./finding.ts";

interface Act {
  readonly index: number;
  readonly entry: OperatorEntry;
}

const acts: ReadonlySet<string> = new Set([acceptLossAct, anchoredAct, gapAct, prunedAct, tailAct]);

/** Every act begins with this, or ends with it. */
const marks = ['"act":"ledger-', `"act":"${acceptLossAct}"`];

/** Collects what a ledger says about itself: losses, deleted entries, and entries that were not signed in time. */
export class LedgerHistory {
  readonly #acts: Act[] = [];

  add(index: number, line: Buffer): void {
    if (!marks.some((mark) => line.includes(mark))) return;
    const entry = entryOf(line);
    if (entry?.kind === "operator" && acts.has(entry.act) && entry.outcome === "accepted")
      this.#acts.push({ index, entry });
  }

  /** @param first the first stored entry @param signed the number of entries that the checkpoint covers */
  findings(first: number, signed: number): readonly Finding[] {
    const counted = this.#counted(signed);
    const isAccepted = (gap: Act) => counted(acceptLossAct).some(({ index }) => index > gap.index);
    const losses = this.#named(gapAct).filter((gap) => !isAccepted(gap));
    return [
      ...losses.map(lossFinding),
      ...missingFindings(first, [...counted(prunedAct), ...counted(anchoredAct)]),
    ];
  }

  /** Facts that a reader should know, although nothing is broken. */
  notes(signed: number): readonly string[] {
    const counted = this.#counted(signed);
    const accepted = this.#named(gapAct).filter((gap) =>
      counted(acceptLossAct).some(({ index }) => index > gap.index),
    );
    return [
      ...accepted.map(
        ({ index, entry }) => `entry ${index}: ${lossText(entry)}; an operator accepted the loss`,
      ),
      ...counted(anchoredAct).map(
        ({ index, entry }) =>
          `entry ${index}: the control state did not know this ledger on ${entry.time}: ${number(entry, "entries")} entries were taken as they were`,
      ),
      ...counted(prunedAct).map(({ index, entry }) => {
        const [count, first] = [number(entry, "entries"), number(entry, "first")];
        return `entry ${index}: retention removed ${count} entries before entry ${first} on ${entry.time}`;
      }),
      ...this.#named(tailAct).map(({ index, entry }) => {
        const from = number(entry, "first");
        return `entry ${index}: entries ${from} to ${from + number(entry, "entries") - 1} were signed only at the next start, on ${entry.time}`;
      }),
    ];
  }

  /**
   * The acts that the running CA signed. Someone who can write the disk can add lines after the last checkpoint
   * of a stopped CA, so such lines prove nothing about the ledger.
   */
  #counted(signed: number): (act: string) => readonly Act[] {
    const tails = this.#named(tailAct).map(({ index, entry }) => {
      const from = number(entry, "first");
      return { from, end: Math.min(index, from + number(entry, "entries")) };
    });
    const isOwn = ({ index }: Act) =>
      index < signed && !tails.some(({ from, end }) => from <= index && index < end);
    return (act) => this.#named(act).filter(isOwn);
  }

  #named(act: string): readonly Act[] {
    return this.#acts.filter(({ entry }) => entry.act === act);
  }
}

function missingFindings(first: number, removals: readonly Act[]): readonly Finding[] {
  const known = Math.max(0, ...removals.map(({ entry }) => number(entry, "first")));
  if (first <= known) return [];
  const which = first - 1 === known ? `entry ${known} is` : `entries ${known} to ${first - 1} are`;
  const problem = `${which} missing, and no signed entry says that the retention period removed them`;
  return [{ index: known, place: "segments", problem }];
}

function lossFinding({ index, entry }: Act): Finding {
  const fix = "run kasbah audit accept-loss once it is examined";
  return { index, place: "segments", problem: `${lossText(entry)}; ${fix}` };
}

function lossText(entry: OperatorEntry): string {
  const facts = entry.arguments ?? {};
  const last =
    facts["lastOrigin"] === undefined
      ? "its last head is unknown"
      : `its last known head is ${facts["lastSize"]} entries of ${facts["lastOrigin"]}, root ${facts["lastRoot"]}`;
  const evidence = facts["evidence"]
    ? `what was left is in ledger/${facts["evidence"]}`
    : "nothing was left of it";
  return `the ledger before this one was lost on ${entry.time}: ${facts["found"]}; ${last}; ${evidence}`;
}

function number({ arguments: facts }: OperatorEntry, name: string): number {
  const value = facts?.[name];
  return typeof value === "number" ? value : 0;
}
