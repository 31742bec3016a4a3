import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "@kasbah/runtime";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { listSegments } from "../segments/list.ts";
import { refusalLogFiles } from "../unauthenticated/refusal-log.ts";

/** A tile has the hashes of 256 subtrees, each of 32 bytes, and a tile above it has its hash. */
const tileBytesOfEntry = (32 * 256) / 255;

/** The bytes of a ledger's files: those of the entries, which retention can delete, and all of them. */
export interface LedgerBytes {
  readonly entries: number;
  readonly all: number;
}

/**
 * Tiles are computed from the number of entries, because there is a file for every 256 of them, and retention keeps
 * them all. The reserve does not count: it is there to be given up.
 */
export async function ledgerBytes(directory: LedgerDirectory, count: number): Promise<LedgerBytes> {
  const { segments, index, unauthenticated } = directory;
  const others = [
    ...["", "-wal", "-shm"].map((suffix) => `${index}${suffix}`),
    ...refusalLogFiles.map((name) => join(unauthenticated, name)),
  ];
  const entries = sum((await listSegments(segments)).map(({ bytes }) => bytes));
  return {
    entries,
    all: entries + sum(await Promise.all(others.map(sizeOf))) + Math.ceil(count * tileBytesOfEntry),
  };
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, each) => total + each, 0);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return 0;
    throw error;
  }
}
