import type { LedgerEntry } from "../entry/entry.ts";
import { EntryError, parseEntry } from "../entry/parse-entry.ts";
import type { LocatedLine } from "./reader.ts";

/** A line of a segment with the entry that it is; undefined when it is none that we can read. */
export interface ReadEntry extends LocatedLine {
  readonly entry: LedgerEntry | undefined;
}

/** Damage is no reason to stop: `kasbah audit verify` is what names it. */
export function readEntry(located: LocatedLine): ReadEntry {
  return { ...located, entry: entryOf(located.line) };
}

/** The entry that a line is; undefined when it is none that we can read. */
export function entryOf(line: Uint8Array): LedgerEntry | undefined {
  try {
    return parseEntry(line);
  } catch (error) {
    if (error instanceof EntryError) return undefined;
    throw error;
  }
}
