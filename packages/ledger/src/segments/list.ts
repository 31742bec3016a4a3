import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

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
  return Promise.all(
    names.map(async (name) => {
      const path = join(directory, name);
      return { first: Number.parseInt(name, 10), path, bytes: (await lstat(path)).size };
    }),
  );
}
