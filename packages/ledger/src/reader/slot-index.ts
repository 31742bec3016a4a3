import { access, constants } from "node:fs/promises";
import { errnoOf } from "@kasbah/runtime";
import { AuditIndex } from "../index/audit-index.ts";
import { type CatchUpOptions, catchUp, fits, takeNew } from "../index/catch-up.ts";
import { isDamaged, removeIndex } from "../index/file.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { listSegments } from "../segments/list.ts";

/** The indexes that know all entries of a ledger together; of a CA that runs, the first may know some of the second. */
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
  const disk = (await openWritten(directory, options)) ?? (await openRead(directory));
  const segments = await listSegments(directory.segments);
  const memory = AuditIndex.inMemory(disk?.size ?? segments[0]?.first ?? 0);
  const memoryFrom = memory.size;
  try {
    await takeNew(memory, segments, options);
  } catch (error) {
    memory.close();
    disk?.close();
    throw error;
  }
  return { disk, memory, memoryFrom };
}

async function openWritten(
  directory: LedgerDirectory,
  { readOnly, ...options }: SlotIndexOptions,
): Promise<AuditIndex | undefined> {
  if (readOnly) return undefined;
  for (const mayRepair of [true, false]) {
    let index: AuditIndex | undefined;
    try {
      await access(directory.path, constants.W_OK);
      index = AuditIndex.open(directory.index);
      await catchUp(index, () => listSegments(directory.segments), options);
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

async function openRead(directory: LedgerDirectory): Promise<AuditIndex | undefined> {
  let index: AuditIndex | undefined;
  try {
    index = AuditIndex.open(directory.index, { readOnly: true });
    const { state } = index;
    if (await fits(state, await listSegments(directory.segments))) return index;
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
