import { lstat } from "node:fs/promises";
import { basename } from "node:path";
import { notAFile } from "../not-a-file.ts";
import { listSegments, type Segment } from "../segments/list.ts";
import { tileWidth } from "../tree/tile.ts";
import type { Finding } from "./finding.ts";

/** The segments that can be read; the others are findings. */
export async function readableSegments(directory: string): Promise<{
  readonly segments: readonly Segment[];
  readonly findings: readonly Finding[];
}> {
  const segments: Segment[] = [];
  const findings: Finding[] = [];
  for (const segment of await listed(directory, findings)) {
    const problem = await segmentProblem(segment);
    if (problem === undefined) segments.push(segment);
    else findings.push({ index: segment.first, place: placeOf(segment), problem });
  }
  return { segments, findings };
}

/** A running CA has one segment without a line: the last, at the end of the entries. */
export function emptySegments(segments: readonly Segment[], size: number): readonly Finding[] {
  const last = segments.at(-1);
  return segments
    .filter((segment) => segment.bytes === 0 && !(segment === last && segment.first <= size))
    .map((segment) => ({
      ...{ index: segment.first, place: placeOf(segment) },
      problem: "is empty, so the CA did not write it",
    }));
}

async function listed(directory: string, findings: Finding[]): Promise<readonly Segment[]> {
  try {
    return await listSegments(directory);
  } catch (error) {
    const problem = notAFile(error);
    if (problem === undefined) throw error;
    findings.push({ place: "segments", problem });
    return [];
  }
}

/** A file that the CA never writes: a directory, a link, or a name that is no boundary between two bundles. */
async function segmentProblem({ first, path }: Segment): Promise<string | undefined> {
  if (first % tileWidth !== 0)
    return `its name is not a multiple of ${tileWidth}, so the CA did not write it`;
  if (!Number.isSafeInteger(first)) return "its name is beyond the last possible entry";
  return (await lstat(path)).isFile() ? undefined : "is not a regular file";
}

const placeOf = ({ path }: Segment) => `segments/${basename(path)}`;
