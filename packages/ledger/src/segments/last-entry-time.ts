import { open } from "node:fs/promises";
import { entryOf } from "./read-entry.ts";

/** More than the longest line. */
const tailBytes = 256 * 1024;

/** The time of the last entry of a segment; undefined if this release cannot read that entry. */
export async function lastEntryTime(path: string): Promise<Date | undefined> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const tail = Buffer.alloc(Math.min(size, tailBytes));
    await file.read(tail, 0, tail.length, size - tail.length);
    const lines = tail.subarray(0, tail.lastIndexOf(0x0a));
    const entry = entryOf(lines.subarray(lines.lastIndexOf(0x0a) + 1));
    return entry === undefined ? undefined : new Date(entry.time);
  } finally {
    await file.close();
  }
}
