import { emptyRoot, nodeHash, type TreeHash } from "./merkle.ts";
import { subtreeOfHashes } from "./subtree.ts";
import { checkedTile, type TileId, tileAt, tileHeight, tilePath, tileWidth } from "./tile.ts";

interface HeldTile {
  readonly path: string;
  readonly bytes: Promise<Uint8Array>;
}

/**
 * Computes any hash of a tree of `size` entries from its tiles, requested at their width in this tree. The
 * tiles are not verified, so compare the result with a signed root.
 */
export class TileHashes {
  readonly size: number;
  readonly #readTile: (tile: TileId) => Promise<Uint8Array>;
  /** The last tile of each level, because a proof reads up to eight hashes from one. */
  readonly #held: HeldTile[] = [];

  constructor(readTile: (tile: TileId) => Promise<Uint8Array>, size: number) {
    if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`there is no tree of ${size} entries`);
    this.#readTile = readTile;
    this.size = size;
  }

  /**
   * The root over the 2^height entries from `index` × 2^height.
   *
   * @throws LedgerError `LEDGER_DAMAGED` if a tile has the wrong length
   */
  async subtree(height: number, index: number): Promise<TreeHash> {
    if (!Number.isInteger(height) || !Number.isInteger(index))
      throw new RangeError(`there is no subtree ${index} of height ${height}`);
    this.#requireInside(index * 2 ** height, (index + 1) * 2 ** height);
    const level = Math.floor(height / tileHeight);
    const count = 2 ** (height % tileHeight);
    const start = (index * count) % tileWidth;
    const tile = await this.#tile(tileAt(level, (index * count - start) / tileWidth, this.size));
    return subtreeOfHashes(tile, start, count);
  }

  /**
   * The root over the entries from `start` up to `end`, split as in RFC 6962 §2.1. The largest full subtree
   * of the range must begin at `start`, as in all splits of a whole tree.
   */
  async range(start: number, end: number): Promise<TreeHash> {
    this.#requireInside(start, end);
    const subtrees: TreeHash[] = [];
    for (let at = start; at < end; ) {
      const height = heightWithin(end - at);
      subtrees.push(await this.subtree(height, at / 2 ** height));
      at += 2 ** height;
    }
    return subtrees.reduceRight((right, left) => nodeHash(left, right));
  }

  /** The root of this tree. */
  root(): Promise<TreeHash> {
    return this.rootAt(this.size);
  }

  /** The root of the tree at size `olderSize`. */
  async rootAt(olderSize: number): Promise<TreeHash> {
    return olderSize === 0 ? emptyRoot() : this.range(0, olderSize);
  }

  #requireInside(start: number, end: number): void {
    const fits = Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start < end;
    if (!fits || end > this.size)
      throw new RangeError(`a tree of ${this.size} entries has no range from ${start} to ${end}`);
  }

  #tile(tile: TileId): Promise<Uint8Array> {
    const path = tilePath(tile);
    const held = this.#held[tile.level];
    if (held?.path === path) return held.bytes;
    const bytes = this.#readTile(tile).then((read) => checkedTile(tile, read));
    const fresh = { path, bytes };
    this.#held[tile.level] = fresh;
    bytes.catch(() => this.#forget(tile.level, fresh));
    return bytes;
  }

  /** A tile that could not be read is read again the next time. */
  #forget(level: number, held: HeldTile): void {
    if (this.#held[level] === held) delete this.#held[level];
  }
}

/** Height of the largest full subtree of at most `count` entries. */
function heightWithin(count: number): number {
  let height = 0;
  while (2 ** (height + 1) <= count) height += 1;
  return height;
}
