import type { LedgerEntry, OperatorEntry } from "../entry/entry.ts";
import { gapAct, isLedgerAct } from "../entry/ledger-act.ts";
import { servingFactsOf } from "../entry/serving-entry.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { listSegments } from "../segments/list.ts";
import { entryOf } from "../segments/read-entry.ts";
import { readLines } from "../segments/reader.ts";
import type { LedgerAnchor, LedgerLoss } from "./anchor.ts";

/** Whether the entries are those of the first release, which had neither a tree nor checkpoints. */
export async function isFormerLedger(directory: LedgerDirectory): Promise<boolean> {
  return (await firstEntry(directory))?.v === 1;
}

/**
 * Whether a ledger contains only acts of operators on a CA that has never run, as `kasbah init` and then
 * `kasbah authority` leave it. A CA that runs records its serving certificate first.
 */
export async function isFromBeforeFirstStart(directory: LedgerDirectory): Promise<boolean> {
  const segments = await listSegments(directory.segments);
  if ((segments[0]?.first ?? 0) > 0) return false;
  for await (const { line } of readLines(segments)) {
    const entry = entryOf(line);
    if (entry === undefined || !isActOnStopped(entry)) return false;
  }
  return true;
}

/** Whether a crash interrupted the start of the tree that follows the anchored one. */
export async function isSuccessorOf(directory: LedgerDirectory, anchor: LedgerAnchor): Promise<boolean> {
  return gapOf(await firstEntry(directory))?.arguments?.["lastOrigin"] === anchor.origin;
}

/** The loss that the first entry of a ledger names. */
export async function firstLossOf(directory: LedgerDirectory): Promise<LedgerLoss | undefined> {
  const gap = gapOf(await firstEntry(directory));
  if (gap === undefined) return undefined;
  const text = (name: string) => String(gap.arguments?.[name] ?? "");
  return { time: gap.time, found: text("found"), evidence: text("evidence") };
}

async function firstEntry({ segments }: LedgerDirectory): Promise<LedgerEntry | undefined> {
  const [first] = await listSegments(segments);
  if (first === undefined || first.first !== 0) return undefined;
  for await (const { line } of readLines([first])) return entryOf(line);
  return undefined;
}

function isActOnStopped(entry: LedgerEntry): boolean {
  if (entry.kind === "authority") return true;
  return entry.kind === "operator" && !isLedgerAct(entry.act) && servingFactsOf(entry) === undefined;
}

function gapOf(entry: LedgerEntry | undefined): OperatorEntry | undefined {
  return entry?.kind === "operator" && entry.act === gapAct ? entry : undefined;
}
