import assert from "node:assert/strict";
import { throwsWithCode } from "@kasbah/testkit";
import { checkedTile, entryBundlePath, partialTilesOf, tileAt, tilePath } from "./tile.ts";

describe("tilePath", () => {
  it("rejects tiles that no tree has", () => {
    for (const wrong of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      assert.throws(() => tilePath({ level: 0, index: wrong, width: 256 }), RangeError);
      assert.throws(() => tilePath({ level: wrong, index: 0, width: 256 }), RangeError);
      assert.throws(() => tilePath({ level: 0, index: 0, width: wrong }), RangeError);
      assert.throws(() => entryBundlePath({ index: wrong, width: 256 }), RangeError);
    }
    assert.throws(() => tilePath({ level: 0, index: 0, width: 0 }), RangeError);
    assert.throws(() => tilePath({ level: 0, index: 0, width: 257 }), RangeError);
    assert.throws(() => tilePath({ level: 7, index: 0, width: 1 }), RangeError);
  });

  it("writes the position in groups of three digits, as specified by c2sp.org/tlog-tiles", () => {
    const paths: readonly [number, string][] = [
      [0, "tile/0/000"],
      [999, "tile/0/999"],
      [1000, "tile/0/x001/000"],
      [1234, "tile/0/x001/234"],
      [1_234_067, "tile/0/x001/x234/067"],
      [2 ** 53 - 1, "tile/0/x009/x007/x199/x254/x740/991"],
    ];
    for (const [index, path] of paths) assert.equal(tilePath({ level: 0, index, width: 256 }), path);
  });

  it("includes the width of a partial tile", () => {
    assert.equal(tilePath({ level: 0, index: 1234, width: 17 }), "tile/0/x001/234.p/17");
    assert.equal(tilePath({ level: 2, index: 0, width: 255 }), "tile/2/000.p/255");
  });

  it("uses the same position for the entry bundle of a tile", () => {
    assert.equal(entryBundlePath({ index: 1234, width: 256 }), "tile/entries/x001/234");
    assert.equal(entryBundlePath({ index: 1234, width: 17 }), "tile/entries/x001/234.p/17");
  });
});

describe("Tiles of a tree", () => {
  it("lists the tiles of the specification's example of 70,000 entries", () => {
    assert.deepEqual(partialTilesOf(70_000), [
      { level: 0, index: 273, width: 112 },
      { level: 1, index: 1, width: 17 },
      { level: 2, index: 0, width: 1 },
    ]);
    assert.deepEqual(tileAt(0, 272, 70_000), { level: 0, index: 272, width: 256 });
    assert.deepEqual(tileAt(1, 0, 70_000), { level: 1, index: 0, width: 256 });
    assert.deepEqual(tileAt(1, 1, 70_000), { level: 1, index: 1, width: 17 });
  });

  it("lists no partial tile where a level ends on a tile boundary", () => {
    assert.deepEqual(partialTilesOf(0), []);
    assert.deepEqual(partialTilesOf(256), [{ level: 1, index: 0, width: 1 }]);
    assert.deepEqual(partialTilesOf(65_536), [{ level: 2, index: 0, width: 1 }]);
  });

  it("rejects a tile beyond the end of the tree", () => {
    assert.throws(() => tileAt(0, 274, 70_000), RangeError);
    assert.throws(() => tileAt(1, 1, 65_536), RangeError);
    assert.throws(() => tileAt(3, 0, 70_000), RangeError);
  });

  it("rejects a tile longer or shorter than its width, and names its path", () => {
    const tile = { level: 1, index: 1000, width: 17 };
    for (const length of [0, 1, 16 * 32, 17 * 32 - 1, 17 * 32 + 1, 256 * 32]) {
      const { message } = throwsWithCode(() => checkedTile(tile, new Uint8Array(length)), "LEDGER_DAMAGED");
      assert.match(
        message,
        new RegExp(`^tile/1/x001/000\\.p/17 has ${length} bytes, expected 544: restore the ledger`),
      );
    }
    assert.equal(checkedTile(tile, new Uint8Array(544)).length, 544);
  });
});
