import { join, relative } from "node:path";
import { EntryError, parseEntry } from "../entry/parse-entry.ts";
import { segmentPath } from "../segments/list.ts";
import type { LocatedLine } from "../segments/reader.ts";
import { hashLength, type TreeHash } from "../tree/merkle.ts";
import { type TileId, tileAt, tileWidth } from "../tree/tile.ts";
import type { Finding } from "./finding.ts";

export interface LeafCheckDeps {
  /** The directory of the ledger. */
  readonly path: string;
  /** The number of entries that the tiles cover. */
  readonly signed: number;
  /** Undefined for a missing tile. */
  readonly readTile: (tile: TileId) => Promise<Uint8Array | undefined>;
}

/** Compares entries with the tiles of level 0 and finds the first entry that differs from the signed one. */
export class LeafCheck {
  readonly #deps: LeafCheckDeps;
  #tile: { readonly index: number; readonly bytes: Uint8Array | undefined } | undefined;
  #finding: Finding | undefined;
  #previous: TreeHash | undefined;

  constructor(deps: LeafCheckDeps) {
    this.#deps = deps;
  }

  get finding(): Finding | undefined {
    return this.#finding;
  }

  /** Checks the next entry. It stops at the first finding, because a lost entry shifts all that follow. */
  async check(located: LocatedLine, leaf: TreeHash): Promise<void> {
    if (this.#finding !== undefined) return;
    const { index } = located;
    const expected = await this.#hashAt(index);
    if (expected !== undefined && Buffer.compare(expected, leaf) !== 0) {
      this.#finding = { index, place: this.#placeOf(located), problem: await this.#reason(index, leaf) };
    } else {
      this.#finding = this.#unreadable(located);
    }
    this.#previous = leaf;
  }

  async #reason(index: number, leaf: TreeHash): Promise<string> {
    const isAt = async (other: number) => {
      const hash = await this.#hashAt(other);
      return hash !== undefined && Buffer.compare(hash, leaf) === 0;
    };
    if (await isAt(index + 1))
      return "the signed entry is missing, or was swapped with the next one, which is in its place";
    if (this.#previous !== undefined && Buffer.compare(this.#previous, leaf) === 0)
      return "the previous entry is repeated here";
    return "the entry was changed or replaced";
  }

  #unreadable(located: LocatedLine): Finding | undefined {
    try {
      parseEntry(located.line);
      return undefined;
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      return { index: located.index, place: this.#placeOf(located), problem: error.message };
    }
  }

  /** Undefined if no tile covers the entry. */
  async #hashAt(index: number): Promise<TreeHash | undefined> {
    const { signed, readTile } = this.#deps;
    if (index >= signed) return undefined;
    const at = Math.floor(index / tileWidth);
    if (this.#tile?.index !== at) this.#tile = { index: at, bytes: await readTile(tileAt(0, at, signed)) };
    const start = (index % tileWidth) * hashLength;
    return this.#tile.bytes?.subarray(start, start + hashLength);
  }

  #placeOf({ index, segment }: LocatedLine): string {
    const { path } = this.#deps;
    const name = relative(path, segmentPath(join(path, "segments"), segment.first));
    return `${name}, line ${index - segment.first + 1}`;
  }
}
