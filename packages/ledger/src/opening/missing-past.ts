import type { Segment } from "../segments/list.ts";
import { entryOf } from "../segments/read-entry.ts";
import { readLines } from "../segments/reader.ts";

/** A part of the retention period, because the oldest kept entry may be a little younger than the last deleted one. */
const tolerance = 0.1;

/**
 * Whether entries before a segment are missing that are younger than the retention period, judged by the
 * oldest entry that is left.
 */
export async function missingPast(
  oldest: Segment,
  retentionMs: number,
  now: Date,
): Promise<"none" | "old" | "young"> {
  if (oldest.first === 0) return "none";
  for await (const { line } of readLines([oldest])) {
    const entry = entryOf(line);
    if (entry === undefined) break;
    const ageMs = now.getTime() - Date.parse(entry.time);
    return ageMs < retentionMs * (1 - tolerance) ? "young" : "old";
  }
  return "young";
}
