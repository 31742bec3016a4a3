import type { LedgerEntry, OperatorEntry } from "../entry/entry.ts";
import { gapAct } from "../entry/ledger-act.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { listSegments } from "../segments/list.ts";
import { entryOf } from "../segments/read-entry.ts";
import { readLines } from "../segments/reader.ts";
import type { LedgerAnchor, LedgerLoss } from "./anchor.ts";

/** Whether the entries are those of the first release, which had neither a tree nor checkpoints. */
export async function isFormerLedger(directory: LedgerDirectory): Promise<boolean> {
  return (await firstEntry(directory))?.v === 1;
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

function gapOf(entry: LedgerEntry | undefined): OperatorEntry | undefined {
  return entry?.kind === "operator" && entry.act === gapAct ? entry : undefined;
}
