import type { LedgerEntry } from "../entry/entry.ts";
import type { BatchPlace } from "../segments/log.ts";
import type { IndexableEntry } from "./writer.ts";

/** With 900 bytes a line, less than 4 MiB. Beyond this, the index reads the segments. */
const maxLines = 4096;

/** A line within the bytes of its batch. */
interface NotedLine extends Omit<IndexableEntry, "entry" | "line"> {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * The lines that became durable since the index last caught up, so that it does not read them back. They need no
 * checks, because this process encoded them. They are copied, because each encoded entry is a part of a pool of 64 KiB
 * which it would keep in memory.
 */
export class RecentLines {
  #lines: NotedLine[] = [];
  /** The index after the last line that was noted. */
  #end: number | undefined;

  /** Notes a batch as soon as it is durable. */
  note(entries: readonly Uint8Array[], first: number, { segmentFirst, offset }: BatchPlace): void {
    if (first !== this.#end || this.#lines.length + entries.length > maxLines) this.#lines = [];
    this.#end = first + entries.length;
    if (entries.length > maxLines) return;
    const segment = { first: segmentFirst };
    const bytes = Buffer.allocUnsafeSlow(entries.reduce((length, line) => length + line.length, 0));
    let start = 0;
    for (const [at, line] of entries.entries()) {
      bytes.set(line, start);
      const end = start + line.length;
      this.#lines.push({ index: first + at, segment, offset: offset + start + at, bytes, start, end });
      start = end;
    }
  }

  /** The lines from an index on, and forgets earlier ones; undefined if it does not have all of them. */
  from(index: number): Iterable<IndexableEntry> | undefined {
    const first = this.#lines[0]?.index ?? this.#end;
    if (first === undefined || index < first) return undefined;
    this.#lines = this.#lines.slice(index - first);
    return entriesOf(this.#lines);
  }
}

function* entriesOf(lines: readonly NotedLine[]): Iterable<IndexableEntry> {
  for (const { index, segment, offset, bytes, start, end } of lines) {
    const entry = JSON.parse(bytes.toString("utf8", start, end)) as LedgerEntry;
    yield { index, segment, offset, line: bytes.subarray(start, end), entry };
  }
}
