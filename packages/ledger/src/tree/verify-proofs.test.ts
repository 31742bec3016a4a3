import assert from "node:assert/strict";
import { NaiveTree } from "@kasbah/testkit/ledger";
import fc from "fast-check";
import { emptyRoot, type TreeHash } from "./merkle.ts";
import { sampleLeaves } from "./sample-tree.fixture.ts";
import {
  type ConsistencyClaim,
  type InclusionClaim,
  verifyConsistency,
  verifyInclusion,
} from "./verify-proofs.ts";

const most = 48;
const leaves = sampleLeaves(most);
const naive = new NaiveTree(leaves);

function inclusionOf(index: number, size: number): InclusionClaim {
  const path = naive.inclusion(index, size);
  return { index, size, leafHash: leaves[index] ?? assert.fail(), path, root: naive.root(size) };
}

function consistencyOf(oldSize: number, newSize: number): ConsistencyClaim {
  const path = naive.consistency(oldSize, newSize);
  return { oldSize, newSize, path, oldRoot: naive.root(oldSize), newRoot: naive.root(newSize) };
}

/** Every pair of a size and an index in it. */
function* pairs(): Generator<readonly [number, number]> {
  for (let size = 1; size <= most; size += 1)
    for (let index = 0; index < size; index += 1) yield [index, size];
}

/** The path with one change, for every kind of change that keeps all elements hashes. */
function* changedPaths(path: readonly TreeHash[]): Generator<readonly TreeHash[]> {
  yield [...path, new Uint8Array(32)];
  yield [...path, emptyRoot()];
  yield [new Uint8Array(32), ...path];
  for (const [at, hash] of path.entries()) {
    yield path.toSpliced(at, 1);
    yield path.toSpliced(at, 0, hash);
    yield path.with(at, flipped(hash, (at * 37) % 256));
    const next = path[at + 1];
    if (next !== undefined) yield path.with(at, next).with(at + 1, hash);
  }
}

function flipped(hash: TreeHash, bit: number): TreeHash {
  const at = bit >> 3;
  return hash.with(at, (hash[at] ?? 0) ^ (1 << (bit & 7)));
}

const oddValues: readonly unknown[] = [
  undefined,
  null,
  "",
  "1",
  -1,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 53,
  1n,
  {},
  [],
  [undefined],
  new Array(3),
  new Array(100_000).fill(new Uint8Array(32)),
  [new Uint8Array(31)],
  new Uint8Array(),
  new Uint8Array(33),
  new Uint16Array(32),
  Symbol.iterator,
];

describe("verifyInclusion", () => {
  it("returns false without throwing for values of any other shape", () => {
    const claim = inclusionOf(5, 11);
    assert.ok(verifyInclusion(claim));
    for (const field of Object.keys(claim)) {
      for (const value of oddValues)
        assert.equal(verifyInclusion({ ...claim, [field]: value }), false, field);
    }
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(claim)), fc.anything(), (field, value) => {
        // Trees of several sizes can have one path; see below.
        fc.pre(field !== "size" || !Number.isSafeInteger(value));
        assert.equal(verifyInclusion({ ...claim, [field]: value }), field === "index" && value === 5);
      }),
    );
  });

  it("returns false for any other index", () => {
    for (const [index, size] of pairs()) {
      const claim = inclusionOf(index, size);
      assert.ok(verifyInclusion(claim));
      for (let other = 0; other <= 2 * most; other += 1)
        assert.equal(verifyInclusion({ ...claim, index: other }), other === index, `${other} for ${index}`);
    }
  });

  it("returns false for sizes whose tree cannot have this path or this root", () => {
    for (const [index, size] of pairs()) {
      const claim = inclusionOf(index, size);
      for (let other = 0; other <= most; other += 1) {
        if (other === size) continue;
        const believed = verifyInclusion({ ...claim, size: other });
        // The same leaf, path and root may be valid for another size; only the signed size rules that out.
        assert.ok(!believed || sameShape(index, size, other), `${index} of ${other} for ${size}`);
        assert.ok(
          !verifyInclusion({ ...claim, size: other, root: naive.root(other) }),
          `${index} ${size} ${other}`,
        );
      }
    }
  });

  it("returns false for a path that is longer, shorter, reordered or has other hashes", () => {
    for (const [index, size] of pairs()) {
      const claim = inclusionOf(index, size);
      for (const path of changedPaths(claim.path))
        assert.equal(verifyInclusion({ ...claim, path }), false, `${index} of ${size}`);
    }
  });

  it("returns false for any single bit flipped in a hash", () => {
    const claim = inclusionOf(5, 11);
    for (let bit = 0; bit < 256; bit += 1) {
      assert.equal(verifyInclusion({ ...claim, leafHash: flipped(claim.leafHash, bit) }), false);
      assert.equal(verifyInclusion({ ...claim, root: flipped(claim.root, bit) }), false);
      for (const [at, hash] of claim.path.entries())
        assert.equal(verifyInclusion({ ...claim, path: claim.path.with(at, flipped(hash, bit)) }), false);
    }
  });
});

/** Whether the path of an entry to the root turns left and right alike in trees of two sizes. */
function sameShape(index: number, size: number, other: number): boolean {
  const turns = (within: number, at: number): string => {
    if (within <= 1) return "";
    const split = 2 ** Math.ceil(Math.log2(within) - 1);
    return at < split ? `${turns(split, at)}L` : `${turns(within - split, at - split)}R`;
  };
  return index < other && turns(size, index) === turns(other, index);
}

describe("verifyConsistency", () => {
  it("returns false without throwing for values of any other shape", () => {
    const claim = consistencyOf(6, 11);
    assert.ok(verifyConsistency(claim));
    for (const field of Object.keys(claim)) {
      for (const value of oddValues)
        assert.equal(verifyConsistency({ ...claim, [field]: value }), false, field);
    }
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(claim)), fc.anything(), (field, value) => {
        assert.equal(verifyConsistency({ ...claim, [field]: value }), field === "oldSize" && value === 6);
      }),
    );
  });

  it("returns false if the older tree is presented as the newer", () => {
    for (const [oldSize, newSize] of pairs()) {
      const { path, oldRoot, newRoot } = consistencyOf(Math.max(1, oldSize), newSize);
      if (oldSize === 0) continue;
      const turned = { oldSize: newSize, newSize: oldSize, path, oldRoot: newRoot, newRoot: oldRoot };
      assert.equal(verifyConsistency(turned), false);
    }
  });

  it("returns false for any other older size or root", () => {
    for (const [oldSize, newSize] of pairs()) {
      if (oldSize === 0) continue;
      const claim = consistencyOf(oldSize, newSize);
      assert.ok(verifyConsistency(claim));
      for (let other = 1; other <= newSize; other += 1) {
        if (other === oldSize) continue;
        assert.equal(verifyConsistency({ ...claim, oldRoot: naive.root(other) }), false);
        assert.equal(verifyConsistency({ ...claim, oldSize: other, oldRoot: naive.root(other) }), false);
      }
    }
  });

  it("returns false for a path that is longer, shorter, reordered or has other hashes", () => {
    for (const [oldSize, newSize] of pairs()) {
      if (oldSize === 0) continue;
      const claim = consistencyOf(oldSize, newSize);
      for (const path of changedPaths(claim.path))
        assert.equal(verifyConsistency({ ...claim, path }), false, `${oldSize} ${newSize}`);
    }
  });

  it("returns false for any single bit flipped in a hash", () => {
    const claim = consistencyOf(6, 11);
    for (let bit = 0; bit < 256; bit += 1) {
      assert.equal(verifyConsistency({ ...claim, oldRoot: flipped(claim.oldRoot, bit) }), false);
      assert.equal(verifyConsistency({ ...claim, newRoot: flipped(claim.newRoot, bit) }), false);
      for (const [at, hash] of claim.path.entries())
        assert.equal(verifyConsistency({ ...claim, path: claim.path.with(at, flipped(hash, bit)) }), false);
    }
  });

  it("returns false for two trees of the same size with different roots", () => {
    const claim = { oldSize: 7, newSize: 7, path: [], oldRoot: naive.root(7), newRoot: naive.root(7) };
    assert.ok(verifyConsistency(claim));
    assert.ok(!verifyConsistency({ ...claim, newRoot: naive.root(6) }));
    assert.ok(!verifyConsistency({ ...claim, path: [naive.root(7)] }));
  });
});
