import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "@kasbah/runtime";

/** A file of complete lines, one entry each. Segments follow each other without gaps. */
export interface Segment {
  /** Index of its first entry. */
  readonly first: number;
  readonly path: string;
  readonly bytes: number;
}

const namePattern = /^(\d{15})\.jsonl$/;

export function segmentPath(directory: string, first: number): string {
  return join(directory, `${String(first).padStart(15, "0")}.jsonl`);
}

/** The segments in a directory, in the order of their entries; other files are ignored. */
export async function listSegments(directory: string): Promise<readonly Segment[]> {
  const names = (await readdir(directory)).filter((name) => namePattern.test(name)).sort();
  const found = await Promise.all(names.map((name) => segmentAt(directory, name)));
  return found.filter((segment) => segment !== undefined);
}

/** Undefined if retention has deleted it meanwhile. */
async function segmentAt(directory: string, name: string): Promise<Segment | undefined> {
  const path = join(directory, name);
  try {
    return { first: Number.parseInt(name, 10), path, bytes: (await lstat(path)).size };
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
