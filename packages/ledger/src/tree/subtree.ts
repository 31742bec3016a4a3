import { hashLength, nodeHash, type TreeHash } from "./merkle.ts";

/** The root over `count` hashes of a tile from position `start`; the count must be a power of two. */
export function subtreeOfHashes(tile: Uint8Array, start: number, count: number): TreeHash {
  if (count === 1) return new Uint8Array(tile.subarray(start * hashLength, (start + 1) * hashLength));
  const half = count / 2;
  return nodeHash(subtreeOfHashes(tile, start, half), subtreeOfHashes(tile, start + half, half));
}
