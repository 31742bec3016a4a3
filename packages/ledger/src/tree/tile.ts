import { LedgerError } from "../errors.ts";
import { hashLength, maxTreeSize } from "./merkle.ts";

/** Hashes in a full tile, entries in a full bundle: a tile spans eight levels of the tree. */
export const tileWidth = 256;
/** Levels of the tree that one tile spans. */
export const tileHeight = 8;
/** The top level of a tree of 2^53 entries. */
const maxTileLevel = 6;

/** A tile of c2sp.org/tlog-tiles. At level L it contains hashes of full subtrees of 256^L entries. */
export interface TileId {
  readonly level: number;
  /** Position among the tiles of its level. */
  readonly index: number;
  /** Number of hashes, 1 to 256. */
  readonly width: number;
}

/** The path of a tile: `tile/0/x001/234`, or `tile/0/x001/234.p/17` while it has only 17 hashes. */
export function tilePath({ level, index, width }: TileId): string {
  if (!isBetween(level, 0, maxTileLevel)) throw new RangeError(`there is no tile level ${level}`);
  return `tile/${level}/${positionPath(index, width)}`;
}

/** The path of the entries under a tile of level 0: `tile/entries/x001/234`. */
export function entryBundlePath({ index, width }: Pick<TileId, "index" | "width">): string {
  return `tile/entries/${positionPath(index, width)}`;
}

/** The tile at a position of a level, with its width in a tree of `size` entries. */
export function tileAt(level: number, index: number, size: number): TileId {
  const width = Math.min(tileWidth, hashesAtLevel(level, size) - index * tileWidth);
  if (width < 1) throw new RangeError(`a tree of ${size} entries has no tile ${index} at level ${level}`);
  return { level, index, width };
}

/** The partial tiles at the right edge of a tree, level by level from 0. */
export function partialTilesOf(size: number): readonly TileId[] {
  const tiles: TileId[] = [];
  for (let level = 0; hashesAtLevel(level, size) > 0; level += 1) {
    const hashes = hashesAtLevel(level, size);
    const width = hashes % tileWidth;
    if (width > 0) tiles.push({ level, index: (hashes - width) / tileWidth, width });
  }
  return tiles;
}

/**
 * Returns the bytes of a tile if their length matches its width.
 *
 * @throws LedgerError `LEDGER_DAMAGED`
 */
export function checkedTile(tile: TileId, bytes: Uint8Array): Uint8Array {
  const expected = tile.width * hashLength;
  if (bytes.length === expected) return bytes;
  const found = `has ${bytes.length} bytes, expected ${expected}`;
  throw new LedgerError("LEDGER_DAMAGED", `${tilePath(tile)} ${found}: restore the ledger from a backup`);
}

/** The number of full subtrees of 256^level entries. Division, because bit operations end at 2^32. */
function hashesAtLevel(level: number, size: number): number {
  return Math.floor(size / tileWidth ** level);
}

function positionPath(index: number, width: number): string {
  if (!isBetween(index, 0, maxTreeSize)) throw new RangeError(`there is no tile position ${index}`);
  if (!isBetween(width, 1, tileWidth)) throw new RangeError(`a tile has no width ${width}`);
  return `${groupsOf(index).join("/")}${width === tileWidth ? "" : `.p/${width}`}`;
}

/**
 * Groups of three digits, with an `x` before all but the last, so that no file has the path of a directory.
 */
function groupsOf(index: number): readonly string[] {
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, "0");
  const groups = padded.match(/.{3}/g) ?? [];
  return groups.map((group, at) => (at === groups.length - 1 ? group : `x${group}`));
}

function isBetween(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}
