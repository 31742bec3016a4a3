import assert from "node:assert/strict";
import { NaiveTree, naiveLeaf, referenceEntries } from "@kasbah/testkit/ledger";
import fc from "fast-check";
import { emptyRoot, type TreeHash } from "./merkle.ts";
import { consistencyProof, inclusionProof } from "./proofs.ts";
import { equalLeavesTile, sampleLeaves, tilesOver } from "./sample-tree.fixture.ts";
import { TileHashes } from "./tile-hashes.ts";
import { verifyConsistency, verifyInclusion } from "./verify-proofs.ts";

const most = 70_000;
const leaves = sampleLeaves(most);
const naive = new NaiveTree(leaves);
const hashesOf = (size: number) => new TileHashes(tilesOver(leaves.slice(0, size)).readAsync, size);
const hex = (hashes: readonly TreeHash[]) => hashes.map((hash) => Buffer.from(hash).toString("hex"));
const leafAt = (index: number) => leaves[index] ?? assert.fail();

describe("Proofs from tiles", () => {
  it("rejects an entry outside the tree and a size that the tree never had", async () => {
    const hashes = { range: async () => assert.fail("read a hash") };
    for (const [index, size] of [
      [0, 0],
      [5, 5],
      [-1, 5],
      [0.5, 5],
      [0, 2 ** 53],
      [Number.NaN, 5],
    ] as const) {
      await assert.rejects(inclusionProof(index, size, hashes), RangeError, `${index} of ${size}`);
    }
    for (const [oldSize, newSize] of [
      [6, 5],
      [-1, 5],
      [0.5, 5],
      [5, 2 ** 53],
      [5, Number.NaN],
    ] as const) {
      await assert.rejects(consistencyProof(oldSize, newSize, hashes), RangeError, `${oldSize} ${newSize}`);
    }
  });

  it("matches the proofs in certificate-transparency's own tests", async () => {
    const reference = referenceEntries.map(naiveLeaf);
    const hashes = new TileHashes(tilesOver(reference).readAsync, 8);
    assert.deepEqual(hex(await inclusionProof(0, 8, hashes)), [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]);
    assert.deepEqual(hex(await consistencyProof(6, 8, hashes)), [
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]);
  });

  it("creates inclusion proofs that verify and match RFC 6962 at every size up to 600", async () => {
    const hashes = hashesOf(600);
    for (let size = 1; size <= 600; size += 1) {
      const root = naive.root(size);
      for (const index of positionsIn(size)) {
        const path = await inclusionProof(index, size, hashes);
        assert.deepEqual(hex(path), hex(naive.inclusion(index, size)), `${index} of ${size}`);
        assert.ok(verifyInclusion({ index, size, leafHash: leafAt(index), path, root }));
      }
    }
  });

  it("creates consistency proofs that verify and match RFC 6962 at every size up to 600", async () => {
    const hashes = hashesOf(600);
    for (let newSize = 1; newSize <= 600; newSize += 1) {
      const newRoot = naive.root(newSize);
      for (const oldSize of positionsIn(newSize)) {
        const path = await consistencyProof(oldSize, newSize, hashes);
        const expected = oldSize === 0 ? [] : naive.consistency(oldSize, newSize);
        assert.deepEqual(hex(path), hex(expected), `${oldSize} ${newSize}`);
        const claim = { oldSize, newSize, path, oldRoot: naive.root(oldSize), newRoot };
        assert.ok(verifyConsistency(claim), `${oldSize} ${newSize}`);
      }
    }
  });

  it("creates valid proofs for every entry and every older size of a tree of 600 entries", async () => {
    const hashes = hashesOf(600);
    const root = await hashes.root();
    for (let at = 0; at < 600; at += 1) {
      const path = await inclusionProof(at, 600, hashes);
      assert.ok(verifyInclusion({ index: at, size: 600, leafHash: leafAt(at), path, root }), `${at}`);
      const from = await consistencyProof(at, 600, hashes);
      const oldRoot = await hashes.rootAt(at);
      assert.ok(
        verifyConsistency({ oldSize: at, newSize: 600, path: from, oldRoot, newRoot: root }),
        `${at}`,
      );
    }
  });

  it("creates valid proofs at any size up to 70,000 from the tiles of a later tree", async () => {
    const hashes = hashesOf(most);
    const sizes = fc.uniqueArray(fc.nat({ max: most }), { minLength: 3, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(sizes, async (drawn) => {
        const [index = 0, oldSize = 0, size = 0] = drawn.toSorted((a, b) => a - b);
        const [oldRoot, root] = [naive.root(oldSize), naive.root(size)];
        const path = await inclusionProof(index, size, hashes);
        assert.deepEqual(hex(path), hex(naive.inclusion(index, size)));
        assert.ok(verifyInclusion({ index, size, leafHash: leafAt(index), path, root }));
        const from = await consistencyProof(oldSize, size, hashes);
        assert.ok(verifyConsistency({ oldSize, newSize: size, path: from, oldRoot, newRoot: root }));
      }),
      { numRuns: 50 },
    );
  });

  it("creates valid proofs in a tree of 2^53 entries", async () => {
    const size = 2 ** 53 - 1;
    const leafHash = naiveLeaf(Buffer.from("the same"));
    const tile = equalLeavesTile(leafHash);
    const hashes = new TileHashes(async (id) => tile(id), size);
    const root = await hashes.root();
    for (const index of [0, 1, 2 ** 31, 2 ** 32 + 7, 2 ** 52 - 1, 2 ** 52, 2 ** 52 + 1, size - 1]) {
      const path = await inclusionProof(index, size, hashes);
      assert.ok(verifyInclusion({ index, size, leafHash, path, root }), `${index}`);
      const from = await consistencyProof(index, size, hashes);
      const oldRoot = await hashes.rootAt(index);
      assert.ok(verifyConsistency({ oldSize: index, newSize: size, path: from, oldRoot, newRoot: root }));
    }
  });

  it("creates empty proofs for the empty tree and for the same size", async () => {
    const hashes = hashesOf(5);
    assert.deepEqual(await consistencyProof(0, 5, hashes), []);
    assert.deepEqual(await consistencyProof(5, 5, hashes), []);
    const root = await hashes.root();
    const claim = { oldSize: 0, newSize: 5, path: [], oldRoot: emptyRoot(), newRoot: root };
    assert.ok(verifyConsistency(claim));
    assert.ok(!verifyConsistency({ ...claim, oldRoot: root }));
    assert.ok(!verifyConsistency({ ...claim, path: [root] }));
  });
});

/** All positions of a small tree; the edges and the middle of a larger one. */
function positionsIn(size: number): readonly number[] {
  if (size <= 40) return [...leaves.slice(0, size).keys()];
  return [0, 1, Math.floor(size / 2), size - 2, size - 1];
}
