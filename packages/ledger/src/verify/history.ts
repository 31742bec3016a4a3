import {
  acceptLossAct,
  anchoredAct,
  formerlyPrunedAct,
  gapAct,
  isLedgerAct,
  missingAct,
  peerLostAct,
  peerReplacedAct,
  prunedAct,
  tailAct,
} from "../entry/ledger-act.ts";
import { entryOf } from "../segments/read-entry.ts";
import type { Finding } from "./finding.ts";
import { describeAct, fact, type HistoryAct } from "./history-text.ts";

/** Every act begins with this, or ends with it. */
const marks = ['"act":"ledger-', `"act":"${acceptLossAct}"`];
/** Acts that are a loss until an operator accepts it. */
const losses = [gapAct, missingAct, peerLostAct];
const removals = [prunedAct, formerlyPrunedAct, anchoredAct];
/** Acts that a reader should know about, although nothing is broken. */
const noted = [anchoredAct, prunedAct, formerlyPrunedAct, peerReplacedAct];

/** Collects what a ledger says about itself: losses, deleted entries, and entries that were not signed in time. */
export class LedgerHistory {
  readonly #acts: HistoryAct[] = [];

  add(index: number, line: Buffer): void {
    if (!marks.some((mark) => line.includes(mark))) return;
    const entry = entryOf(line);
    if (entry?.kind === "operator" && isLedgerAct(entry.act) && entry.outcome === "accepted")
      this.#acts.push({ index, entry });
  }

  /** @param first the first stored entry @param signed the number of entries that the checkpoint covers */
  findings(first: number, signed: number): readonly Finding[] {
    const open = this.openLosses(signed).filter(({ entry }) => entry.act !== missingAct);
    return [...open.map(lossFinding), ...missingFindings(first, this.removedBefore(signed))];
  }

  /** The losses that no operator has accepted. */
  openLosses(signed: number): readonly HistoryAct[] {
    const last = this.#lastAcceptance(signed);
    return this.#named(...losses).filter(({ index }) => index > last);
  }

  /** The first entry that is not known to be removed; 0 if none was. */
  removedBefore(signed: number): number {
    const last = this.#lastAcceptance(signed);
    const known = this.#counted(signed, ...removals, missingAct).filter(
      ({ index, entry }) => entry.act !== missingAct || index < last,
    );
    return Math.max(0, ...known.map(({ entry }) => fact(entry, "first")));
  }

  /** The logs that unaccepted gaps name as lost. Once a loss is accepted, other places have the new head. */
  predecessors(signed: number): ReadonlySet<string> {
    const gaps = this.openLosses(signed).filter(({ entry }) => entry.act === gapAct);
    return new Set(gaps.map(({ entry }) => String(entry.arguments?.["lastOrigin"] ?? "")));
  }

  /** Facts that a reader should know, although nothing is broken. */
  notes(signed: number): readonly string[] {
    const last = this.#lastAcceptance(signed);
    const accepted = this.#named(...losses).filter(({ index }) => index < last);
    return [
      ...accepted.map((act) => `${describeAct(act)}; an operator accepted the loss`),
      ...noted.flatMap((name) => this.#counted(signed, name).map(describeAct)),
      ...this.#named(tailAct).map(describeAct),
    ];
  }

  #lastAcceptance(signed: number): number {
    return this.#counted(signed, acceptLossAct).at(-1)?.index ?? -1;
  }

  /**
   * The acts that the running CA signed. Someone who can write the disk can add lines after the last checkpoint
   * of a stopped CA, so such lines prove nothing about the ledger.
   */
  #counted(signed: number, ...names: readonly string[]): readonly HistoryAct[] {
    const tails = this.#named(tailAct).map(({ index, entry }) => {
      const from = fact(entry, "first");
      return { from, end: Math.min(index, from + fact(entry, "entries")) };
    });
    const isOwn = ({ index }: HistoryAct) =>
      index < signed && !tails.some(({ from, end }) => from <= index && index < end);
    return this.#named(...names).filter(isOwn);
  }

  #named(...names: readonly string[]): readonly HistoryAct[] {
    return this.#acts.filter(({ entry }) => names.includes(entry.act));
  }
}

function missingFindings(first: number, known: number): readonly Finding[] {
  if (first <= known) return [];
  const which = first - 1 === known ? `entry ${known} is` : `entries ${known} to ${first - 1} are`;
  const problem = `${which} missing, and no signed entry says that the retention period removed them`;
  return [{ index: known, place: "segments", problem }];
}

function lossFinding(act: HistoryAct): Finding {
  const fix = "examine what is left, then run kasbah audit accept-loss --reason …";
  const text = describeAct(act).replace(/^entry \d+: /, "");
  return { index: act.index, place: "segments", problem: `${text}; ${fix}` };
}
