import { readFile } from "node:fs/promises";
import { resumedRightEdge } from "../checkpoints/resume-tree.ts";
import { readTileFile } from "../checkpoints/tile-files.ts";
import { LedgerError } from "../errors.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { openSegmentLines } from "../segments/reader.ts";
import { type Checkpoint, openCheckpoint } from "../tree/checkpoint.ts";
import { leafHash } from "../tree/merkle.ts";
import { parseVerifierKey } from "../tree/note-key.ts";
import { formatProofFile, verifyProofFile } from "../tree/proof-file.ts";
import { inclusionProof } from "../tree/proofs.ts";
import { type TileId, tilePath, tileWidth } from "../tree/tile.ts";
import { TileHashes } from "../tree/tile-hashes.ts";
import { TileWriter } from "../tree/tile-writer.ts";

/** An entry of which it is known where it stands. */
export interface EntryToProve {
  readonly index: number;
  /** Without its line feed. */
  readonly line: Uint8Array;
}

/**
 * One file that proves to somebody without the ledger that it holds the entry. It is verified before it is handed out.
 *
 * @throws LedgerError `LEDGER_DAMAGED`, `PROOF_INVALID` when the entry is not signed for yet, or is not what was signed for
 */
export async function proveEntry(directory: LedgerDirectory, { index, line }: EntryToProve): Promise<string> {
  const key = (await readFile(directory.verifierKey, "utf8")).trim();
  const verifier = parseVerifierKey(key);
  const checkpoint = await readFile(directory.checkpoint, "utf8");
  const { size, root } = openCheckpoint(checkpoint, verifier, verifier.name);
  if (index >= size) {
    const problem = `the last checkpoint is of ${size} entries, and this is entry ${index}`;
    throw new LedgerError("PROOF_INVALID", `${problem}: a running CA signs for it within a second`);
  }
  const hashes = new TileHashes(await tilesOf(directory, { size, root }), size);
  const path = await inclusionProof(index, size, hashes);
  const entry = Buffer.from(line).toString();
  const proof = formatProofFile({ entry, index, size, path, checkpoint, key });
  verifyProofFile(proof, key);
  return proof;
}

/** Full tiles as they lie there; the others are made of the entries, since a running CA replaces them. */
async function tilesOf(
  directory: LedgerDirectory,
  { size, root }: Pick<Checkpoint, "size" | "root">,
): Promise<(tile: TileId) => Promise<Uint8Array>> {
  const readTile = (tile: TileId) => readTileFile(directory.path, tile);
  const start = size - (size % tileWidth);
  const tree = TileWriter.resume(start, await resumedRightEdge(start, readTile));
  const lines = await openSegmentLines(directory.segments);
  for await (const { index, line } of lines.from(start)) {
    if (index >= size) break;
    tree.append(leafHash(line));
  }
  if (Buffer.compare(tree.root(), root) !== 0) {
    const problem = "entries, tiles and checkpoint do not agree: kasbah audit verify tells where";
    throw new LedgerError("LEDGER_DAMAGED", problem);
  }
  const edge = new Map(tree.partialTiles().map(({ id, bytes }) => [tilePath(id), bytes]));
  return async (tile) => edge.get(tilePath(tile)) ?? readTile(tile);
}
