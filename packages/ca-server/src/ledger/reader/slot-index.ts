import { access, constants } from "node:fs/promises";
import { errnoOf } from "@kasbah/runtime";
import { AuditIndex } from "../index/audit-index.ts";
import { type CatchUpOptions, catchUp, fits, takeNew } from "../index/catch-up.ts";
import { isDamaged, removeIndex } from "../index/index-file.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { listSegments, type Segment } from "../segments/segments.ts";

/** The indexes that know all entries of a ledger together: of the first those before `from` of the second count. */
export interface SlotIndex {
  readonly disk: AuditIndex | undefined;
  readonly memory: AuditIndex;
  /** The first entry that the one in memory knows. */
  readonly memoryFrom: number;
}

export interface SlotIndexOptions extends Pick<CatchUpOptions, "onProgress" | "signal"> {
  /** Leaves the index on disk as it is. */
  readonly readOnly?: boolean;
}

/**
 * Brings the index on disk up to the segments. Who may not write there reads what it has, and keeps the rest, or all, in
 * memory.
 */
export async function openSlotIndex(
  directory: LedgerDirectory,
  options: SlotIndexOptions,
): Promise<SlotIndex> {
  const segments = await listSegments(directory.segments);
  const disk = (await openWritten(directory, segments, options)) ?? (await openRead(directory, segments));
  const memoryFrom = disk?.size ?? segments[0]?.first ?? 0;
  const memory = AuditIndex.inMemory(memoryFrom);
  await takeNew(memory, segments, options);
  return { disk, memory, memoryFrom };
}

async function openWritten(
  directory: LedgerDirectory,
  segments: readonly Segment[],
  { readOnly, ...options }: SlotIndexOptions,
): Promise<AuditIndex | undefined> {
  if (readOnly) return undefined;
  for (const mayRepair of [true, false]) {
    let index: AuditIndex | undefined;
    try {
      await access(directory.path, constants.W_OK);
      index = AuditIndex.open(directory.index);
      await catchUp(index, segments, options);
      return index;
    } catch (error) {
      index?.close();
      if (mayRepair && isDamaged(error)) removeIndex(directory.index);
      else if (isHindrance(error)) return undefined;
      else throw error;
    }
  }
  return undefined;
}

async function openRead(
  directory: LedgerDirectory,
  segments: readonly Segment[],
): Promise<AuditIndex | undefined> {
  let index: AuditIndex | undefined;
  try {
    index = AuditIndex.open(directory.index, { readOnly: true });
    if (await fits(index.state, segments)) return index;
    index.close();
  } catch {
    // Whatever is wrong with it, the segments have it all.
    index?.close();
  }
  return undefined;
}

/** No place, no permission, no space, or somebody else holds it: none of it keeps anybody from reading. */
function isHindrance(error: unknown): boolean {
  const isSqlite = error instanceof Error && "errcode" in error;
  return isSqlite || ["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT"].includes(errnoOf(error) ?? "");
}
