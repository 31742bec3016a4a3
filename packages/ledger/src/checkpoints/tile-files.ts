import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeFileDurably } from "@kasbah/runtime";
import { LedgerError } from "../errors.ts";
import { notAFile } from "../not-a-file.ts";
import { readRegularFile } from "../regular-file.ts";
import { checkedTile, type TileId, tilePath } from "../tree/tile.ts";
import type { FinishedTile } from "../tree/tile-writer.ts";

const mode = 0o600;

/** @throws LedgerError `LEDGER_DAMAGED` if the tile is missing or has the wrong length */
export async function readTileFile(ledger: string, tile: TileId): Promise<Uint8Array> {
  try {
    return checkedTile(tile, await readRegularFile(join(ledger, tilePath(tile))));
  } catch (error) {
    const problem = notAFile(error);
    if (problem === undefined) throw error;
    throw new LedgerError("LEDGER_DAMAGED", `${tilePath(tile)} ${problem}: restore the ledger from a backup`);
  }
}

/** Full tiles never change again, and checkpoints depend on them. */
export async function writeTileDurably(ledger: string, { id, bytes }: FinishedTile): Promise<void> {
  const path = join(ledger, tilePath(id));
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileDurably(path, bytes, mode);
}

/** The partial tiles of the last checkpoint, for external readers. The CA can start without them. */
export class PartialTiles {
  readonly #ledger: string;
  #written: ReadonlySet<string> = new Set();

  constructor(ledger: string) {
    this.#ledger = ledger;
  }

  /** Replaces the previous partial tiles. */
  async replace(tiles: readonly FinishedTile[]): Promise<void> {
    const paths = new Set<string>();
    for (const { id, bytes } of tiles) {
      const path = join(this.#ledger, tilePath(id));
      paths.add(path);
      if (this.#written.has(path)) continue;
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(path, bytes, { mode });
    }
    const folders = new Set([...paths].map(dirname));
    for (const path of this.#written) {
      if (paths.has(path)) continue;
      const isFolderInUse = folders.has(dirname(path));
      await rm(isFolderInUse ? path : dirname(path), { recursive: true, force: true });
    }
    this.#written = paths;
  }
}
