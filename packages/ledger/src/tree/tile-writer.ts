import { emptyRoot, hashLength, maxTreeSize, nodeHash, requireHash, type TreeHash } from "./merkle.ts";
import { subtreeOfHashes } from "./subtree.ts";
import { checkedTile, partialTilesOf, type TileId, tileHeight, tileWidth } from "./tile.ts";

/** A tile with its content. */
export interface FinishedTile {
  readonly id: TileId;
  readonly bytes: Uint8Array;
}

const none: readonly FinishedTile[] = Object.freeze([]);
const tileBytes = tileWidth * hashLength;

/**
 * The right edge of a growing tree: the partial tiles, and the root of every full subtree without a sibling.
 * Appends and roots need nothing else, at any size.
 */
export class TileWriter {
  #size = 0;
  /** By height: the full subtree, if `size` has that bit set. Other elements are obsolete. */
  readonly #waiting: TreeHash[] = [];
  /** By level: the partial tile. Its width follows from `size`. */
  readonly #tiles: Uint8Array[] = [];

  private constructor() {}

  static empty(): TileWriter {
    return new TileWriter();
  }

  /**
   * Resumes a tree of `size` entries from at most one tile per level. Only `root()`, which must match the
   * checkpoint, shows whether the tiles are right.
   *
   * @throws LedgerError `LEDGER_DAMAGED` if a tile has the wrong length
   */
  static resume(size: number, readTile: (tile: TileId) => Uint8Array): TileWriter {
    if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`there is no tree of ${size} entries`);
    const writer = new TileWriter();
    for (const tile of partialTilesOf(size)) writer.#restore(tile, checkedTile(tile, readTile(tile)));
    writer.#size = size;
    return writer;
  }

  /** The number of entries. */
  get size(): number {
    return this.#size;
  }

  /** Appends a leaf, which must not change afterwards, and returns the tiles that it completed. */
  append(leaf: TreeHash): readonly FinishedTile[] {
    requireHash(leaf);
    if (this.#size === maxTreeSize) throw new RangeError("the tree is full");
    let finished = none;
    let hash = leaf;
    let position = this.#size;
    for (let height = 0; ; height += 1) {
      if (height % tileHeight === 0) finished = this.#place(hash, height / tileHeight, position, finished);
      if (position % 2 === 0) {
        this.#waiting[height] = hash;
        break;
      }
      hash = nodeHash(this.#waitingAt(height), hash);
      position = (position - 1) / 2;
    }
    this.#size += 1;
    return finished;
  }

  /** The root of the current tree, computed from one hash per set bit of its size. */
  root(): TreeHash {
    let root: TreeHash | undefined;
    for (let height = 0, rest = this.#size; rest > 0; height += 1, rest = Math.floor(rest / 2)) {
      if (rest % 2 === 0) continue;
      const left = this.#waitingAt(height);
      root = root === undefined ? left : nodeHash(left, root);
    }
    return root ?? emptyRoot();
  }

  /** Copies of the partial tiles at the right edge, level by level. */
  partialTiles(): readonly FinishedTile[] {
    return partialTilesOf(this.#size).map((id) => ({
      id,
      bytes: this.#tileAt(id.level).slice(0, id.width * hashLength),
    }));
  }

  /** Adds a hash to the tile of its level, and emits the tile when it is full. */
  #place(
    hash: TreeHash,
    level: number,
    position: number,
    finished: readonly FinishedTile[],
  ): readonly FinishedTile[] {
    const bytes = this.#tileAt(level);
    const at = position % tileWidth;
    bytes.set(hash, at * hashLength);
    if (at < tileWidth - 1) return finished;
    this.#tiles[level] = new Uint8Array(tileBytes);
    return [...finished, { id: { level, index: (position - at) / tileWidth, width: tileWidth }, bytes }];
  }

  #restore({ level, width }: TileId, read: Uint8Array): void {
    const bytes = this.#tileAt(level);
    bytes.set(read);
    let start = 0;
    for (let height = tileHeight - 1; height >= 0; height -= 1) {
      const count = 2 ** height;
      if ((width & count) === 0) continue;
      this.#waiting[level * tileHeight + height] = subtreeOfHashes(bytes, start, count);
      start += count;
    }
  }

  #tileAt(level: number): Uint8Array {
    this.#tiles[level] ??= new Uint8Array(tileBytes);
    return this.#tiles[level];
  }

  #waitingAt(height: number): TreeHash {
    const hash = this.#waiting[height];
    if (hash === undefined)
      throw new Error(`no subtree of height ${height} is pending in a tree of ${this.#size}`);
    return hash;
  }
}
