import { errnoOf } from "@kasbah/runtime";
import type { LedgerEntry } from "../entry/entry.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { listSegments, type Segment } from "../segments/list.ts";
import { readEntry } from "../segments/read-entry.ts";
import { readLines } from "../segments/reader.ts";
import type { UnauthenticatedLine } from "../unauthenticated/dropped-refusals.ts";
import { RefusalTail } from "../unauthenticated/refusal-tail.ts";

export interface LedgerEnd {
  /** The number of entries, including those that retention has deleted. */
  readonly size: number;
  /** Index of the first entry that was read. */
  readonly from: number;
  /** Whether there are older entries, which were not read. */
  readonly isPart: boolean;
}

export interface LedgerVisitor {
  onEntry(entry: LedgerEntry, index: number): void;
  /** A refusal of an unauthenticated caller, or a count of such refusals. */
  onUnauthenticated(line: UnauthenticatedLine): void;
}

/**
 * Reads the newest entries of a ledger without its index, at most about so many bytes however long the ledger is, and
 * the refusals of unauthenticated callers. @throws LedgerError `LEDGER_DAMAGED`
 */
export async function readLedgerEnd(
  { segments, unauthenticated }: Pick<LedgerDirectory, "segments" | "unauthenticated">,
  maxBytes: number,
  visitor: LedgerVisitor,
): Promise<LedgerEnd> {
  const all = await listSegments(segments).catch(noneIfMissing);
  const newest = newestOf(all, maxBytes);
  const from = newest[0]?.first ?? 0;
  let size = all.at(-1)?.first ?? 0;
  for await (const located of readLines(newest)) {
    size = located.index + 1;
    const { entry } = readEntry(located);
    if (entry !== undefined) visitor.onEntry(entry, located.index);
  }
  for await (const line of new RefusalTail(unauthenticated).more()) visitor.onUnauthenticated(line);
  return { size, from, isPart: newest.length < all.length };
}

/** The newest segments up to so many bytes, but at least one. */
function newestOf(all: readonly Segment[], maxBytes: number): readonly Segment[] {
  let [first, bytes] = [all.length, 0];
  for (let at = all.length - 1; at >= 0; at -= 1) {
    bytes += all[at]?.bytes ?? 0;
    if (bytes > maxBytes && first < all.length) break;
    first = at;
  }
  return all.slice(first);
}

function noneIfMissing(error: unknown): readonly Segment[] {
  if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return [];
  throw error;
}
