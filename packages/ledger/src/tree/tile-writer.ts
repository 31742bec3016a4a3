import { emptyRoot, hashLength, maxTreeSize, nodeHash, requireHash, type TreeHash } from "./merkle.ts";
import { subtreeOfHashes } from "./subtree.ts";
import { checkedTile, partialTilesOf, type TileId, tileHeight, tileWidth } from "./tile.ts";

/** A tile with what it holds. */
export interface FinishedTile {
  readonly id: TileId;
  readonly bytes: Uint8Array;
}

const none: readonly FinishedTile[] = Object.freeze([]);
const tileBytes = tileWidth * hashLength;

/**
 * The right edge of a growing tree: the tiles that are not full, and the root of every full subtree that still waits
 * for its sibling. That is all that an append or a root needs, at any size.
 */
export class TileWriter {
  #size = 0;
  /** By height: the full subtree there, where `size` has that bit set; what stands elsewhere is of the past. */
  readonly #waiting: TreeHash[] = [];
  /** By level of tiles: the one being filled. How far follows from `size`. */
  readonly #tiles: Uint8Array[] = [];

  private constructor() {}

  static empty(): TileWriter {
    return new TileWriter();
  }

  /**
   * Goes on where a tree of `size` entries stands; reads one tile of each level at most. Whether the tiles are right
   * shows in `root()`, which must be that of the checkpoint.
   *
   * @throws LedgerError `LEDGER_DAMAGED` for a tile of another length
   */
  static resume(size: number, readTile: (tile: TileId) => Uint8Array): TileWriter {
    if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`there is no tree of ${size} entries`);
    const writer = new TileWriter();
    for (const tile of partialTilesOf(size)) writer.#restore(tile, checkedTile(tile, readTile(tile)));
    writer.#size = size;
    return writer;
  }

  /** Entries so far. */
  get size(): number {
    return this.#size;
  }

  /** Takes the next leaf, which must not change afterwards, and gives the tiles that it made full. */
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

  /** The root of the tree as it stands, from one hash for each bit of its size. */
  root(): TreeHash {
    let root: TreeHash | undefined;
    for (let height = 0, rest = this.#size; rest > 0; height += 1, rest = Math.floor(rest / 2)) {
      if (rest % 2 === 0) continue;
      const left = this.#waitingAt(height);
      root = root === undefined ? left : nodeHash(left, root);
    }
    return root ?? emptyRoot();
  }

  /** What stands at the right edge, level by level: copies, which later appends leave alone. */
  partialTiles(): readonly FinishedTile[] {
    return partialTilesOf(this.#size).map((id) => ({
      id,
      bytes: this.#tileAt(id.level).slice(0, id.width * hashLength),
    }));
  }

  /** Puts a hash into the tile of its level; a full one goes out, and a new one begins. */
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
      throw new Error(`no subtree of height ${height} waits in a tree of ${this.#size}`);
    return hash;
  }
}
