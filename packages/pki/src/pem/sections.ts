import { whiteSpaceAt } from "./white-space.ts";

/** Where a block starts: it is the n-th block of the file, and its BEGIN line is this line. Both count from 1. */
export interface PemPlace {
  readonly position: number;
  readonly line: number;
}

/** A possible block: from a BEGIN up to the next one. */
export interface Section {
  readonly octets: Buffer;
  readonly line: number;
  /** False if other text precedes the BEGIN in its line, such as `# replaces the -----BEGIN CERTIFICATE----- below`. */
  readonly startsLine: boolean;
  /** Whether its line is a comment: an operator may have disabled the block by a mark before its first line. */
  readonly isComment: boolean;
}

export const begin = "-----BEGIN ";
const [lineFeed, carriageReturn] = [0x0a, 0x0d];

/**
 * Finds every BEGIN, in time proportional to the length of the text. `endOf` returns the index behind the block
 * before, which may be in the same line: that is what `cat` makes of files without a line break at their end.
 */
export function* sectionsOf(octets: Buffer, endOf: () => number): Generator<Section> {
  const lines = new LineCounter(octets);
  let last = -1;
  for (let at = octets.indexOf(begin); at !== -1; ) {
    lines.advanceTo(at);
    const from = Math.max(lines.start, endOf());
    const startsLine = from > last && isBlank(octets, from, at);
    const next = octets.indexOf(begin, at + begin.length);
    const end = next === -1 ? octets.length : next;
    const { number: line, isComment } = lines;
    yield { octets: octets.subarray(at, end), line, startsLine, isComment };
    [last, at] = [at, next];
  }
}

function isBlank(octets: Uint8Array, from: number, to: number): boolean {
  let at = from;
  for (let length = 1; at < to && length > 0; at += length) length = whiteSpaceAt(octets, at);
  return at >= to;
}

const commentMarks = ["#", ";", "//"];

function startsComment(octets: Buffer, lineStart: number): boolean {
  let at = lineStart;
  for (let length = 1; length > 0; at += length) length = whiteSpaceAt(octets, at);
  return commentMarks.some((mark) => octets.subarray(at, at + mark.length).equals(Buffer.from(mark)));
}

/** Counts lines that end with a line feed, a carriage return, or both. */
class LineCounter {
  readonly #octets: Buffer;
  #at = 0;
  #comment: { readonly start: number; readonly found: boolean } | undefined;
  number = 1;
  /** The index at which the line starts. */
  start = 0;

  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  /** Looked up once for each line, which may have many blocks. */
  get isComment(): boolean {
    const { start } = this;
    if (this.#comment?.start !== start) this.#comment = { start, found: startsComment(this.#octets, start) };
    return this.#comment.found;
  }

  advanceTo(to: number): void {
    for (; this.#at < to; this.#at += 1) {
      const octet = this.#octets[this.#at];
      const isEnd =
        octet === lineFeed || (octet === carriageReturn && this.#octets[this.#at + 1] !== lineFeed);
      if (!isEnd) continue;
      this.number += 1;
      this.start = this.#at + 1;
    }
  }
}
