import assert from "node:assert/strict";
import { rejectsWithCode } from "@kasbah/testkit";
import { NaiveTree, naiveLeaf, naiveNode } from "@kasbah/testkit/ledger";
import { equalLeavesTile, sampleLeaves, tilesOver } from "./sample-tree.fixture.ts";
import { tilePath } from "./tile.ts";
import { TileHashes } from "./tile-hashes.ts";
import { TileWriter } from "./tile-writer.ts";

const leaves = sampleLeaves(70_000);
const naive = new NaiveTree(leaves);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("TileHashes", () => {
  it("rejects a tile of the wrong length and names it", async () => {
    const folder = tilesOver(leaves.slice(0, 600));
    for (const [height, index, path] of [
      [0, 599, "tile/0/002.p/88"],
      [3, 0, "tile/0/000"],
      [8, 1, "tile/1/000.p/2"],
    ] as const) {
      for (const length of [0, 32, 87 * 32 + 1, 8193]) {
        const hashes = new TileHashes(async () => Buffer.alloc(length), 600);
        const { message } = await rejectsWithCode(hashes.subtree(height, index), "LEDGER_DAMAGED");
        assert.ok(message.startsWith(`${path} has ${length} bytes`), message);
      }
      const right = new TileHashes(folder.readAsync, 600);
      await right.subtree(height, index);
    }
  });

  it("reads a tile again after a failed read", async () => {
    const folder = tilesOver(leaves.slice(0, 600));
    let broken = true;
    const hashes = new TileHashes(async (id) => {
      if (broken) throw new Error("EIO");
      return folder.read(id);
    }, 600);
    await assert.rejects(hashes.root(), /EIO/);
    await assert.rejects(Promise.all([hashes.root(), hashes.subtree(0, 1)]), /EIO/);
    broken = false;
    assert.equal(hex(await hashes.root()), hex(naive.root(600)));
  });

  it("rejects ranges beyond the tree and ranges that do not start at a subtree", async () => {
    const hashes = new TileHashes(async () => assert.fail("read a tile"), 600);
    for (const [height, index] of [
      [0, 600],
      [0, -1],
      [0, 0.5],
      [0.5, 0],
      [-1, 0],
      [10, 0],
      [3, 75],
      [Number.NaN, 0],
      [0, 2 ** 53],
      [2000, 0],
    ] as const) {
      await assert.rejects(hashes.subtree(height, index), RangeError, `${height} ${index}`);
    }
    for (const size of [-1, 601, 0.5, Number.NaN]) await assert.rejects(hashes.rootAt(size), RangeError);
    for (const [start, end] of [
      [3, 5],
      [5, 5],
      [5, 4],
      [0, 601],
    ] as const) {
      await assert.rejects(hashes.range(start, end), RangeError, `${start} ${end}`);
    }
    for (const size of [-1, 0.5, Number.NaN, 2 ** 53])
      assert.throws(() => new TileHashes(async () => assert.fail(), size), RangeError);
  });

  it("returns the roots of the tree at every size up to 600", async () => {
    const hashes = new TileHashes(tilesOver(leaves.slice(0, 600)).readAsync, 600);
    for (let size = 0; size <= 600; size += 1)
      assert.equal(hex(await hashes.rootAt(size)), hex(naive.root(size)), `at ${size}`);
    assert.equal(hex(await hashes.root()), hex(naive.root(600)));
  });

  it("returns every subtree of a tree of 70,000 entries, whichever tile contains it", async () => {
    const hashes = new TileHashes(tilesOver(leaves).readAsync, 70_000);
    for (let height = 0; height <= 16; height += 1) {
      const last = Math.floor(70_000 / 2 ** height) - 1;
      for (const index of new Set([0, Math.floor(last / 2), last])) {
        const expected = naive.root((index + 1) * 2 ** height, index * 2 ** height);
        assert.equal(hex(await hashes.subtree(height, index)), hex(expected), `${height} ${index}`);
      }
    }
  });

  it("reads a tile once for consecutive hashes from it", async () => {
    const folder = tilesOver(leaves.slice(0, 600));
    const hashes = new TileHashes(folder.readAsync, 600);
    for (let index = 256; index < 512; index += 1) await hashes.subtree(0, index);
    await hashes.subtree(7, 2);
    assert.deepEqual(folder.asked.map(tilePath), ["tile/0/001"]);
  });

  it("returns exact hashes in a tree of 2^53 entries", async () => {
    const size = 2 ** 53 - 1;
    const leaf = naiveLeaf(Buffer.from("the same"));
    const tile = equalLeavesTile(leaf);
    const hashes = new TileHashes(async (id) => tile(id), size);
    assert.equal(hex(await hashes.root()), hex(TileWriter.resume(size, tile).root()));
    assert.equal(hex(await hashes.subtree(0, size - 1)), hex(leaf));
    assert.equal(hex(await hashes.subtree(1, 2 ** 52 - 2)), hex(naiveNode(leaf, leaf)));
  });
});
