import { emptyRoot, hashLength, nodeHash, type TreeHash } from "./merkle.ts";

/** The claim that the tree of `size` entries under `root` has `leafHash` at `index`. */
export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  readonly leafHash: TreeHash;
  readonly path: readonly TreeHash[];
  readonly root: TreeHash;
}

/** The claim that the tree under `newRoot` extends the tree under `oldRoot`. */
export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly newSize: number;
  readonly path: readonly TreeHash[];
  readonly oldRoot: TreeHash;
  readonly newRoot: TreeHash;
}

/** RFC 9162 §2.1.3.2. Returns false for anything that is not a proof, of any shape. */
export function verifyInclusion({ index, size, leafHash, path, root }: InclusionClaim): boolean {
  if (!isCount(index) || !isCount(size) || index >= size) return false;
  if (!isHash(leafHash) || !isHash(root) || !isPath(path)) return false;
  const walk = new Walk(index, size - 1);
  let hash = leafHash;
  for (const sibling of path) {
    if (walk.ended) return false;
    hash = walk.isRightChild ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
    walk.climb();
  }
  return walk.ended && equal(hash, root);
}

/** RFC 9162 §2.1.4.2. Returns false for anything that is not a proof, of any shape. */
export function verifyConsistency(claim: ConsistencyClaim): boolean {
  const { oldSize, newSize, path, oldRoot, newRoot } = claim;
  if (!isCount(oldSize) || !isCount(newSize) || oldSize > newSize) return false;
  if (!isHash(oldRoot) || !isHash(newRoot) || !isPath(path)) return false;
  if (oldSize === newSize) return path.length === 0 && equal(oldRoot, newRoot);
  if (oldSize === 0) return path.length === 0 && equal(oldRoot, emptyRoot());
  return climbsToBoth(claim);
}

function climbsToBoth({ oldSize, newSize, path, oldRoot, newRoot }: ConsistencyClaim): boolean {
  const walk = new Walk(oldSize - 1, newSize - 1);
  walk.skipRightChildren();
  // If the older tree is one full subtree, the proof omits its root, which the verifier has.
  const [seed, ...rest] = walk.atLeftEdge ? [oldRoot, ...path] : path;
  if (seed === undefined) return false;
  let [older, newer] = [seed, seed];
  for (const sibling of rest) {
    if (walk.ended) return false;
    if (walk.isRightChild) [older, newer] = [nodeHash(sibling, older), nodeHash(sibling, newer)];
    else newer = nodeHash(newer, sibling);
    walk.climb();
  }
  return walk.ended && equal(older, oldRoot) && equal(newer, newRoot);
}

/**
 * The path up from a node: its position in its level and the position of the level's last node, `fn` and `sn`
 * in RFC 9162.
 */
class Walk {
  #position: number;
  #last: number;

  constructor(position: number, last: number) {
    this.#position = position;
    this.#last = last;
  }

  get ended(): boolean {
    return this.#last === 0;
  }

  get atLeftEdge(): boolean {
    return this.#position === 0;
  }

  /** A last node without a sibling is a right child at a higher level. */
  get isRightChild(): boolean {
    return this.#position % 2 === 1 || this.#position === this.#last;
  }

  /** Moves to the parent; from a node without a sibling, to the parent of the first ancestor that has one. */
  climb(): void {
    if (this.isRightChild) while (this.#position % 2 === 0 && this.#position !== 0) this.#up();
    this.#up();
  }

  /** Moves to the largest full subtree that ends at the node. */
  skipRightChildren(): void {
    while (this.#position % 2 === 1) this.#up();
  }

  #up(): void {
    this.#position = Math.floor(this.#position / 2);
    this.#last = Math.floor(this.#last / 2);
  }
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isHash(value: unknown): boolean {
  return value instanceof Uint8Array && value.length === hashLength;
}

/** A path has at most one hash more than the size has bits. Spread, because `every` skips holes. */
function isPath(value: unknown): boolean {
  return Array.isArray(value) && value.length <= 64 && [...value].every(isHash);
}

function equal(a: TreeHash, b: TreeHash): boolean {
  return Buffer.compare(a, b) === 0;
}
