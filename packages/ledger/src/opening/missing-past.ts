import type { LedgerDirectory } from "../ledger-directory.ts";
import { listSegments, type Segment } from "../segments/list.ts";
import { entryOf } from "../segments/read-entry.ts";
import { readLines } from "../segments/reader.ts";
import { LedgerHistory } from "../verify/history.ts";

/** A part of the retention period, because the oldest kept entry may be a little younger than the last deleted one. */
const tolerance = 0.1;

/** The entries that are missing at the beginning of a ledger, although no signed entry says that they were removed. */
export interface MissingPast {
  /** The first missing entry. */
  readonly from: number;
  /** The first entry that is left. */
  readonly first: number;
  /** Whether all of them are older than the retention period, judged by the oldest entry that is left. */
  readonly isOld: boolean;
}

/**
 * Reads the whole ledger if its beginning is missing and the anchor did not know that.
 *
 * @param signed the number of entries that the checkpoint covers
 * @param anchoredFirst the first entry when the ledger was last anchored
 */
export async function findMissingPast(
  directory: LedgerDirectory,
  { signed, anchoredFirst }: { readonly signed: number; readonly anchoredFirst: number },
  { retentionMs, now }: { readonly retentionMs: number; readonly now: Date },
): Promise<MissingPast | undefined> {
  const segments = await listSegments(directory.segments);
  const [oldest] = segments;
  if (oldest === undefined || oldest.first <= anchoredFirst) return undefined;
  const from = (await historyOf(segments)).removedBefore(signed);
  if (oldest.first <= from) return undefined;
  return { from, first: oldest.first, isOld: await isOld(oldest, retentionMs, now) };
}

/** What the ledger says about itself. Reads all of it. */
export async function historyOf(segments: readonly Segment[]): Promise<LedgerHistory> {
  const history = new LedgerHistory();
  for await (const { index, line } of readLines(segments)) history.add(index, line);
  return history;
}

async function isOld(oldest: Segment, retentionMs: number, now: Date): Promise<boolean> {
  for await (const { line } of readLines([oldest])) {
    const entry = entryOf(line);
    return entry !== undefined && now.getTime() - Date.parse(entry.time) >= retentionMs * (1 - tolerance);
  }
  return false;
}
