import { stat } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "@kasbah/runtime";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { readRegularFile } from "../regular-file.ts";
import { listSegments } from "../segments/list.ts";

/** The parts of a ledger that exist on disk. */
export interface StoredParts {
  readonly hasEntries: boolean;
  readonly hasTiles: boolean;
  readonly hasKey: boolean;
  readonly checkpoint: string | undefined;
}

export async function storedParts(directory: LedgerDirectory): Promise<StoredParts> {
  const segments = await listSegments(directory.segments);
  return {
    hasEntries: segments.some(({ bytes, first }) => bytes > 0 || first > 0),
    hasTiles: await exists(join(directory.path, "tile")),
    hasKey: await exists(directory.key),
    checkpoint: (await readRegularFile(directory.checkpoint).catch(whenMissing))?.toString(),
  };
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(whenMissing)) !== undefined;
}

function whenMissing(error: unknown): undefined {
  if (errnoOf(error) !== "ENOENT") throw error;
}
