import { resumedRightEdge } from "../checkpoints/resume-tree.ts";
import { readTileFile } from "../checkpoints/tile-files.ts";
import { LedgerError } from "../errors.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { readRegularFile } from "../regular-file.ts";
import { openSegmentLines } from "../segments/reader.ts";
import { type Checkpoint, openCheckpoint } from "../tree/checkpoint.ts";
import { leafHash } from "../tree/merkle.ts";
import { parseVerifierKey } from "../tree/note-key.ts";
import { formatProofFile, verifyProofFile } from "../tree/proof-file.ts";
import { inclusionProof } from "../tree/proofs.ts";
import { type TileId, tilePath, tileWidth } from "../tree/tile.ts";
import { TileHashes } from "../tree/tile-hashes.ts";
import { TileWriter } from "../tree/tile-writer.ts";

/** An entry with its index. */
export interface EntryToProve {
  readonly index: number;
  /** Without its line feed. */
  readonly line: Uint8Array;
}

/**
 * Creates a file that proves to a third party that the ledger contains the entry, and verifies it first.
 *
 * @throws LedgerError `LEDGER_DAMAGED`; `PROOF_INVALID` if the entry is not signed yet or differs from the
 * signed one
 */
export async function proveEntry(directory: LedgerDirectory, { index, line }: EntryToProve): Promise<string> {
  const key = (await readRegularFile(directory.verifierKey)).toString().trim();
  const verifier = parseVerifierKey(key);
  const checkpoint = (await readRegularFile(directory.checkpoint)).toString();
  const { size, root } = openCheckpoint(checkpoint, verifier, verifier.name);
  if (index >= size) {
    const problem = `the last checkpoint covers ${size} entries, but not entry ${index}`;
    throw new LedgerError("PROOF_INVALID", `${problem}: a running CA signs it within a second`);
  }
  const hashes = new TileHashes(await tilesOf(directory, { size, root }), size);
  const path = await inclusionProof(index, size, hashes);
  const entry = Buffer.from(line).toString();
  const proof = formatProofFile({ entry, index, size, path, checkpoint, key });
  verifyProofFile(proof, key);
  return proof;
}

/** Reads full tiles and computes partial ones from the entries, because a running CA replaces them. */
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
    const problem = "entries, tiles and checkpoint do not match: run kasbah audit verify to find the damage";
    throw new LedgerError("LEDGER_DAMAGED", problem);
  }
  const edge = new Map(tree.partialTiles().map(({ id, bytes }) => [tilePath(id), bytes]));
  return async (tile) => edge.get(tilePath(tile)) ?? readTile(tile);
}
