import { createHash } from "node:crypto";
import { naiveNode } from "@kasbah/testkit/ledger";
import type { TreeHash } from "./merkle.ts";
import { type TileId, tilePath } from "./tile.ts";
import { type FinishedTile, TileWriter } from "./tile-writer.ts";

/** Distinct leaves that are the same in each run. */
export function sampleLeaves(count: number): readonly TreeHash[] {
  return Array.from({ length: count }, (_, index) => createHash("sha256").update(`leaf ${index}`).digest());
}

/**
 * The tiles of a tree by path, as a directory would contain them: full ones, and the partial ones of each
 * saved size.
 */
export class TileFolder {
  readonly tiles = new Map<string, Uint8Array>();
  readonly asked: TileId[] = [];

  keep(tiles: readonly FinishedTile[]): void {
    for (const { id, bytes } of tiles) this.tiles.set(tilePath(id), bytes);
  }

  readonly read = (id: TileId): Uint8Array => {
    this.asked.push(id);
    const bytes = this.tiles.get(tilePath(id));
    if (bytes === undefined) throw new Error(`there is no ${tilePath(id)}`);
    return bytes;
  };

  readonly readAsync = async (id: TileId): Promise<Uint8Array> => this.read(id);
}

/** A directory with every tile of a tree over these leaves. */
export function tilesOver(leaves: readonly TreeHash[]): TileFolder {
  const folder = new TileFolder();
  const writer = TileWriter.empty();
  for (const leaf of leaves) folder.keep(writer.append(leaf));
  folder.keep(writer.partialTiles());
  return folder;
}

/** The tiles of a tree with identical leaves, which need no memory at any size. */
export function equalLeavesTile(leaf: TreeHash): (id: TileId) => Uint8Array {
  const byHeight = [leaf];
  const subtree = (height: number): TreeHash => {
    byHeight[height] ??= naiveNode(subtree(height - 1), subtree(height - 1));
    return byHeight[height];
  };
  return ({ level, width }) => Buffer.concat(Array.from({ length: width }, () => subtree(8 * level)));
}
