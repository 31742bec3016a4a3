import { createReadStream } from "node:fs";
import { errnoOf } from "@kasbah/runtime";
import { LedgerError } from "../errors.ts";
import type { EntryLines } from "../ports.ts";
import { openRegularFile, requireRegularFile } from "../regular-file.ts";
import { listSegments, type Segment } from "./list.ts";

/** A line and its position. */
export interface LocatedLine {
  readonly index: number;
  readonly segment: Segment;
  /** Offset of its first byte in the segment. */
  readonly offset: number;
  /** Without its line feed. */
  readonly line: Buffer;
}

const lineFeed = 0x0a;
const readBytes = 262_144;
/** Without a bound, a file without line feeds would fill the memory. */
const longestLine = 1_048_576;

/** The start of a line: its index, and optionally its place, so that nothing before it has to be read. */
export interface LinePosition {
  readonly index: number;
  readonly segmentFirst?: number;
  readonly offset?: number;
}

/** The lines from an index on, in order, without an incomplete last line. */
export function readLines(
  segments: readonly Segment[],
  from = 0,
): AsyncGenerator<LocatedLine, void, undefined> {
  return readLinesFrom(segments, { index: from });
}

/** The lines of the segments that a directory contains now. */
export async function openSegmentLines(directory: string): Promise<EntryLines> {
  const segments = await listSegments(directory);
  return { first: segments[0]?.first, from: (index) => readLines(segments, index) };
}

/** The lines from a position on, in order, without an incomplete last line. */
export async function* readLinesFrom(
  segments: readonly Segment[],
  from: LinePosition,
): AsyncGenerator<LocatedLine, void, undefined> {
  for (const [at, segment] of segments.entries()) {
    const next = segments[at + 1]?.first ?? Number.POSITIVE_INFINITY;
    if (next <= from.index) continue;
    const isKnown = segment.first === from.segmentFirst && from.offset !== undefined;
    const lines = isKnown ? linesOf(segment, from.index, from.offset) : linesOf(segment);
    try {
      for await (const located of lines) if (located.index >= from.index) yield located;
    } catch (error) {
      // Retention may delete segments while they are read.
      if (errnoOf(error) !== "ENOENT") throw error;
    }
  }
}

/** Reads one line at a known place. */
export async function readLineAt(path: string, offset: number, length: number): Promise<Buffer> {
  const handle = await openRegularFile(path);
  try {
    const line = Buffer.alloc(length);
    const { bytesRead } = await handle.read(line, 0, length, offset);
    return line.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function* linesOf(
  segment: Segment,
  index = segment.first,
  start = 0,
): AsyncGenerator<LocatedLine, void, undefined> {
  let next = index;
  let offset = start;
  let rest: Buffer = Buffer.alloc(0);
  await requireRegularFile(segment.path);
  for await (const chunk of createReadStream(segment.path, { start, highWaterMark: readBytes })) {
    const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let done = 0;
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, done)) {
      yield { index: next, segment, offset: offset + done, line: bytes.subarray(done, end) };
      next += 1;
      done = end + 1;
    }
    offset += done;
    rest = bytes.subarray(done);
    if (rest.length > longestLine)
      throw new LedgerError("LEDGER_DAMAGED", `${segment.path} has a line that is longer than any entry`);
  }
}
