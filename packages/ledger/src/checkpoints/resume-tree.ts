import { LedgerError } from "../errors.ts";
import type { EntryLines } from "../ports.ts";
import type { Checkpoint } from "../tree/checkpoint.ts";
import { leafHash, type TreeHash } from "../tree/merkle.ts";
import { subtreeOfHashes } from "../tree/subtree.ts";
import { partialTilesOf, type TileId, tilePath, tileWidth } from "../tree/tile.ts";
import { type FinishedTile, TileWriter } from "../tree/tile-writer.ts";

export interface ResumeDeps {
  readonly lines: EntryLines;
  /** The last checkpoint; undefined for a ledger without one. */
  readonly checkpoint: Pick<Checkpoint, "size" | "root"> | undefined;
  readonly readTile: (tile: TileId) => Promise<Uint8Array>;
  /** Stores the tiles that become full. */
  readonly onTile: (tile: FinishedTile) => Promise<void>;
}

/**
 * Resumes the tree over all stored entries. It trusts full tiles below the checkpoint if the root matches and
 * hashes later entries again. If a tile is damaged and no entry is missing, it hashes all of them.
 *
 * @throws LedgerError `LEDGER_DAMAGED` if entries, tiles and checkpoint do not agree
 */
export async function resumeTree(deps: ResumeDeps): Promise<TileWriter> {
  const { size } = deps.checkpoint ?? { size: 0 };
  if (size > 0 && deps.lines.first === undefined)
    throw damaged(`it has no entries, but its checkpoint covers ${size}`);
  try {
    return await resumeFrom(size - (size % tileWidth), deps);
  } catch (error) {
    if (!(error instanceof LedgerError) || deps.lines.first !== 0) throw error;
    // Checks everything before it overwrites a tile, because the tiles of a modified ledger show where it was
    // modified.
    await resumeFrom(0, { ...deps, onTile: async () => undefined });
    return resumeFrom(0, deps);
  }
}

async function resumeFrom(start: number, deps: ResumeDeps): Promise<TileWriter> {
  const { checkpoint } = deps;
  const tree = TileWriter.resume(start, await resumedRightEdge(start, deps.readTile));
  for await (const { index, line } of deps.lines.from(start)) {
    if (index === checkpoint?.size) requireRoot(tree, checkpoint);
    for (const tile of tree.append(leafHash(line))) await deps.onTile(tile);
  }
  if (checkpoint !== undefined && tree.size < checkpoint.size) {
    throw damaged(`it has ${tree.size} entries, but its checkpoint covers ${checkpoint.size}`);
  }
  if (checkpoint?.size === tree.size) requireRoot(tree, checkpoint);
  return tree;
}

/**
 * Partial tiles are not durable, so each is recomputed from the full tiles below it. @param size a multiple
 * of the bundle size
 */
export async function resumedRightEdge(
  size: number,
  readTile: ResumeDeps["readTile"],
): Promise<(tile: TileId) => Uint8Array> {
  const made = new Map<string, Uint8Array>();
  for (const tile of partialTilesOf(size)) {
    const hashes: TreeHash[] = [];
    for (let at = 0; at < tile.width; at += 1) {
      const index = tile.index * tileWidth + at;
      hashes.push(
        subtreeOfHashes(await readTile({ level: tile.level - 1, index, width: tileWidth }), 0, tileWidth),
      );
    }
    made.set(tilePath(tile), Buffer.concat(hashes));
  }
  return (tile) => made.get(tilePath(tile)) ?? new Uint8Array();
}

function requireRoot(tree: TileWriter, checkpoint: Pick<Checkpoint, "size" | "root">): void {
  if (Buffer.compare(tree.root(), checkpoint.root) === 0) return;
  throw damaged(`its first ${checkpoint.size} entries do not match its checkpoint`);
}

function damaged(problem: string): LedgerError {
  return new LedgerError("LEDGER_DAMAGED", `the ledger is damaged: ${problem}`);
}
