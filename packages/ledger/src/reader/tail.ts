import type { LedgerDirectory } from "../ledger-directory.ts";
import type { Found, LedgerTail } from "../ports.ts";
import { listSegments, type Segment } from "../segments/list.ts";
import { entryOf } from "../segments/read-entry.ts";
import { type LinePosition, readLinesFrom } from "../segments/reader.ts";
import { mergeByTime } from "./merge.ts";

/** The end of several ledgers as one. */
export class MergedTail implements LedgerTail {
  readonly #tails: readonly Tail[];

  constructor(tails: readonly Tail[]) {
    this.#tails = tails;
  }

  async last(count: number): Promise<readonly Found[]> {
    const lasts = await Promise.all(this.#tails.map((tail) => tail.last(count)));
    const merged: Found[] = [];
    for await (const found of mergeByTime(lasts.map(streamOf))) merged.push(found);
    return count === 0 ? [] : merged.slice(-count);
  }

  more(): AsyncGenerator<Found, void, undefined> {
    return mergeByTime(this.#tails.map((tail) => tail.more()));
  }
}

async function* streamOf(found: readonly Found[]): AsyncGenerator<Found, void, undefined> {
  yield* found;
}

/**
 * The end of one ledger and the entries appended to it. It reads the segments, because the index may be
 * behind.
 */
export class Tail {
  readonly #slot: string;
  readonly #directory: LedgerDirectory;
  #position: LinePosition = { index: 0 };

  constructor(slot: string, directory: LedgerDirectory) {
    this.#slot = slot;
    this.#directory = directory;
  }

  /** The last entries, newest last; {@link more} continues after them. */
  async last(count: number): Promise<readonly Found[]> {
    const segments = await listSegments(this.#directory.segments);
    this.#position = { index: startOf(segments, count) };
    const last: Found[] = [];
    for await (const found of this.more(segments)) {
      last.push(found);
      if (last.length > count) last.shift();
    }
    return last;
  }

  /** The entries that have not been read yet. */
  async *more(segments?: readonly Segment[]): AsyncGenerator<Found, void, undefined> {
    const there = segments ?? (await listSegments(this.#directory.segments));
    for await (const { index, segment, offset, line } of readLinesFrom(there, this.#position)) {
      this.#position = { index: index + 1, segmentFirst: segment.first, offset: offset + line.length + 1 };
      const entry = entryOf(line);
      if (entry !== undefined) yield { slot: this.#slot, index, entry, line };
    }
  }
}

/** The first entry of the newest segment that leaves at least this many entries to the end. */
function startOf(segments: readonly Segment[], count: number): number {
  const last = segments.at(-1)?.first ?? 0;
  return segments.findLast(({ first }) => last - first >= count)?.first ?? segments[0]?.first ?? 0;
}
