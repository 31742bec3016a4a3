import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "@kasbah/runtime";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { listSegments } from "../segments/list.ts";
import { refusalLogFiles } from "../unauthenticated/refusal-log.ts";

/** A tile has the hashes of 256 subtrees, each of 32 bytes, and a tile above it has its hash. */
const tileBytesOfEntry = (32 * 256) / 255;

/**
 * The bytes of all files of a ledger. Tiles are computed from the number of entries, because there is a file for
 * every 256 of them, and retention keeps them all.
 */
export async function ledgerBytes(directory: LedgerDirectory, entries: number): Promise<number> {
  const { segments, index, unauthenticated, reserve } = directory;
  const others = [
    ...["", "-wal", "-shm"].map((suffix) => `${index}${suffix}`),
    ...refusalLogFiles.map((name) => join(unauthenticated, name)),
    reserve,
  ];
  const sizes = [
    ...(await listSegments(segments)).map(({ bytes }) => bytes),
    ...(await Promise.all(others.map(sizeOf))),
  ];
  return sizes.reduce((sum, each) => sum + each, Math.ceil(entries * tileBytesOfEntry));
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return 0;
    throw error;
  }
}
