import { hash } from "node:crypto";

/** SHA-256 of a leaf, of a node, or of the empty tree: 32 bytes. */
export type TreeHash = Uint8Array;

export const hashLength = 32;
/** Counts and positions are plain numbers, which are exact up to this value. */
export const maxTreeSize = Number.MAX_SAFE_INTEGER;

/** Prevents a leaf from being used as a node: RFC 6962 §2.1. */
const leafPrefix = 0x00;
const nodePrefix = 0x01;

/** Every append hashes nodes, and reusing one buffer is cheaper than creating an object each time. */
const nodeInput = new Uint8Array(1 + 2 * hashLength);
nodeInput[0] = nodePrefix;

/** Grows to the longest entry that was hashed, of at most 64 KiB. */
let leafInput = new Uint8Array(1024);

/** RFC 6962 §2.1: the hash of one entry. */
export function leafHash(data: Uint8Array): TreeHash {
  const length = 1 + data.length;
  if (leafInput.length < length) leafInput = new Uint8Array(length);
  leafInput[0] = leafPrefix;
  leafInput.set(data, 1);
  return sha256(leafInput.subarray(0, length));
}

/** RFC 6962 §2.1: the hash over two subtrees. */
export function nodeHash(left: TreeHash, right: TreeHash): TreeHash {
  requireHash(left);
  requireHash(right);
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + hashLength);
  return sha256(nodeInput);
}

/** RFC 6962 §2.1: the root of a tree without entries. */
export function emptyRoot(): TreeHash {
  return sha256(new Uint8Array());
}

/** With other lengths, two hashes could share a preimage with two other hashes. */
export function requireHash(bytes: Uint8Array): void {
  if (bytes.length !== hashLength)
    throw new RangeError(`a tree hash has ${hashLength} bytes, not ${bytes.length}`);
}

function sha256(input: Uint8Array): TreeHash {
  return hash("sha256", input, "buffer");
}
