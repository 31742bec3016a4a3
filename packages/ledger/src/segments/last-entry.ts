import { openRegularFile } from "../regular-file.ts";
import { entryOf } from "./read-entry.ts";

/** More than the longest line. */
const tailBytes = 256 * 1024;

/** The last complete line of a segment, and its time; undefined if this release cannot read that entry. */
export interface LastEntry {
  readonly line: Buffer;
  readonly time: Date | undefined;
}

export async function lastEntry(path: string): Promise<LastEntry> {
  const file = await openRegularFile(path);
  try {
    const { size } = await file.stat();
    const tail = Buffer.alloc(Math.min(size, tailBytes));
    await file.read(tail, 0, tail.length, size - tail.length);
    const lines = tail.subarray(0, Math.max(0, tail.lastIndexOf(0x0a)));
    const line = lines.subarray(lines.lastIndexOf(0x0a) + 1);
    const entry = entryOf(line);
    return { line, time: entry === undefined ? undefined : new Date(entry.time) };
  } finally {
    await file.close();
  }
}
