import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Segment } from "./segments.ts";

/** One entry and where it lies. */
export interface LocatedLine {
  readonly index: number;
  readonly segment: Segment;
  /** Of its first byte in the segment. */
  readonly offset: number;
  /** Without its line feed. */
  readonly line: Buffer;
}

const lineFeed = 0x0a;
const readBytes = 262_144;

/** The entries from an index on, in order. What follows the last line feed is on its way, and is left out. */
export async function* readLines(
  segments: readonly Segment[],
  from = 0,
): AsyncGenerator<LocatedLine, void, undefined> {
  for (const [at, segment] of segments.entries()) {
    const next = segments[at + 1]?.first ?? Number.POSITIVE_INFINITY;
    if (next <= from) continue;
    for await (const located of linesOf(segment)) if (located.index >= from) yield located;
  }
}

/** One line of which it is known where it lies. */
export async function readLineAt(path: string, offset: number, length: number): Promise<Buffer> {
  const handle = await open(path, "r");
  try {
    const line = Buffer.alloc(length);
    const { bytesRead } = await handle.read(line, 0, length, offset);
    return line.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function* linesOf(segment: Segment): AsyncGenerator<LocatedLine, void, undefined> {
  let index = segment.first;
  let offset = 0;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(segment.path, { highWaterMark: readBytes })) {
    const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, start)) {
      yield { index, segment, offset: offset + start, line: bytes.subarray(start, end) };
      index += 1;
      start = end + 1;
    }
    offset += start;
    rest = bytes.subarray(start);
  }
}
