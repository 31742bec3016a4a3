import type { LedgerEntry } from "../entry/entry.ts";
import type { BatchPlace } from "../segments/log.ts";
import type { IndexableEntry } from "./writer.ts";

/** With 900 bytes a line, less than 4 MiB. Beyond this, the index reads the segments. */
const maxLines = 4096;

/**
 * The lines that became durable since the index last caught up, so that it does not read them back. They need no
 * checks, because this process encoded them.
 */
export class RecentLines {
  #lines: Omit<IndexableEntry, "entry">[] = [];
  /** The index after the last line that was noted. */
  #end: number | undefined;

  /** Notes a batch as soon as it is durable. */
  note(entries: readonly Uint8Array[], first: number, { segmentFirst, offset }: BatchPlace): void {
    if (first !== this.#end || this.#lines.length + entries.length > maxLines) this.#lines = [];
    this.#end = first + entries.length;
    if (entries.length > maxLines) return;
    const segment = { first: segmentFirst };
    let start = offset;
    for (const [at, line] of entries.entries()) {
      this.#lines.push({ index: first + at, segment, offset: start, line });
      start += line.length + 1;
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

function* entriesOf(lines: readonly Omit<IndexableEntry, "entry">[]): Iterable<IndexableEntry> {
  for (const { index, segment, offset, line } of lines) {
    const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString();
    yield { index, segment, offset, line, entry: JSON.parse(text) as LedgerEntry };
  }
}
