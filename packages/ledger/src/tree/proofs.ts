import type { TreeHash } from "./merkle.ts";
import type { TileHashes } from "./tile-hashes.ts";

/** Computes roots over parts of a tree. */
export type RangeHashes = Pick<TileHashes, "range">;

/** RFC 6962 §2.1.1: the sibling hashes on the path from the entry to the root. */
export async function inclusionProof(
  index: number,
  size: number,
  hashes: RangeHashes,
): Promise<readonly TreeHash[]> {
  if (!isCount(index) || !isCount(size) || index >= size)
    throw new RangeError(`a tree of ${size} entries has no entry ${index}`);
  const path: TreeHash[] = [];
  for (let start = 0, end = size; end - start > 1; ) {
    const middle = start + splitOf(end - start);
    const inLeft = index < middle;
    path.push(await (inLeft ? hashes.range(middle, end) : hashes.range(start, middle)));
    if (inLeft) end = middle;
    else start = middle;
  }
  return path.reverse();
}

/**
 * RFC 6962 §2.1.2: hashes from which both the older and the newer root can be computed. The proof is empty
 * for the empty tree and for the same size.
 */
export async function consistencyProof(
  oldSize: number,
  newSize: number,
  hashes: RangeHashes,
): Promise<readonly TreeHash[]> {
  if (!isCount(oldSize) || !isCount(newSize) || oldSize > newSize)
    throw new RangeError(`a tree of ${newSize} entries cannot have had ${oldSize}`);
  if (oldSize === 0) return [];
  const path: TreeHash[] = [];
  let [start, end] = [0, newSize];
  while (oldSize !== end) {
    const middle = start + splitOf(end - start);
    const inLeft = oldSize <= middle;
    path.push(await (inLeft ? hashes.range(middle, end) : hashes.range(start, middle)));
    if (inLeft) end = middle;
    else start = middle;
  }
  // The verifier already has the older root, so only a part of it must be included.
  if (start > 0) path.push(await hashes.range(start, end));
  return path.reverse();
}

/** The largest power of two below a count of at least two. */
function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
