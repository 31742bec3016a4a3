import { resumeTree } from "../checkpoints/resume-tree.ts";
import { readTileFile } from "../checkpoints/tile-files.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import type { EntryLines } from "../ports.ts";
import type { Checkpoint } from "../tree/checkpoint.ts";
import type { TreeHash } from "../tree/merkle.ts";
import { type TileId, tilePath } from "../tree/tile.ts";
import { TileHashes } from "../tree/tile-hashes.ts";
import type { FinishedTile } from "../tree/tile-writer.ts";

/** The tree over the entries on disk. */
export interface StoredTree {
  readonly size: number;
  /** The root when it had this many entries. @throws LedgerError if a tile is missing */
  rootAt(size: number): Promise<TreeHash>;
}

/** Computes the tree without a change on disk. @throws LedgerError `LEDGER_DAMAGED` */
export async function storedTree(
  { path }: LedgerDirectory,
  lines: EntryLines,
  checkpoint: Checkpoint,
): Promise<StoredTree> {
  const tiles = new Map<string, Uint8Array>();
  const keep = ({ id, bytes }: FinishedTile) => void tiles.set(tilePath(id), bytes);
  const readTile = (tile: TileId) => readTileFile(path, tile);
  const tree = await resumeTree({ lines, checkpoint, readTile, onTile: async (tile) => keep(tile) });
  for (const tile of tree.partialTiles()) keep(tile);
  const hashes = new TileHashes(async (tile) => tiles.get(tilePath(tile)) ?? readTile(tile), tree.size);
  return { size: tree.size, rootAt: (size) => hashes.rootAt(size) };
}
