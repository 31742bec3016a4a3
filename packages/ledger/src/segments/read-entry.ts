import type { LedgerEntry } from "../entry/entry.ts";
import { EntryError, parseEntry } from "../entry/parse-entry.ts";
import type { LocatedLine } from "./reader.ts";

/** A line of a segment with its entry; undefined if this release cannot read it. */
export interface ReadEntry extends LocatedLine {
  readonly entry: LedgerEntry | undefined;
}

/** Never throws on damage: `kasbah audit verify` reports it. */
export function readEntry(located: LocatedLine): ReadEntry {
  return { ...located, entry: entryOf(located.line) };
}

/** The entry of a line; undefined if this release cannot read it. */
export function entryOf(line: Uint8Array): LedgerEntry | undefined {
  try {
    return parseEntry(line);
  } catch (error) {
    if (error instanceof EntryError) return undefined;
    throw error;
  }
}
