import { access, constants } from "node:fs/promises";
import { errnoOf } from "@kasbah/runtime";
import { AuditIndex } from "../index/audit-index.ts";
import { type CatchUpOptions, catchUp, fits, takeNew } from "../index/catch-up.ts";
import { isDamaged, removeIndex } from "../index/file.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { listSegments } from "../segments/list.ts";

/** The indexes that together contain all entries of a ledger. With a running CA, they may overlap. */
export interface SlotIndex {
  readonly disk: AuditIndex | undefined;
  readonly memory: AuditIndex;
  /** The first entry in the memory index. */
  readonly memoryFrom: number;
}

export interface SlotIndexOptions extends Pick<CatchUpOptions, "onProgress" | "signal"> {
  /** Keeps the index on disk unchanged. */
  readonly readOnly?: boolean;
}

/**
 * Updates the index on disk from the segments. A process that may not write there reads the existing index
 * and keeps the remaining entries in memory.
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

/** The index on disk as it is; undefined if it is missing, damaged, or does not match the segments. */
export async function openRead(directory: LedgerDirectory): Promise<AuditIndex | undefined> {
  let index: AuditIndex | undefined;
  try {
    index = AuditIndex.open(directory.index, { readOnly: true });
    const { state } = index;
    if (await fits(state, await listSegments(directory.segments))) return index;
    index.close();
  } catch {
    // The segments contain everything, even if the index is damaged.
    index?.close();
  }
  return undefined;
}

/**
 * Whether the error only prevents writing the index (no space, no permission, a lock), which is not needed
 * for reading.
 */
function isHindrance(error: unknown): boolean {
  const isSqlite = error instanceof Error && "errcode" in error;
  return isSqlite || ["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT"].includes(errnoOf(error) ?? "");
}
