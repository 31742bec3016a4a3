import assert from "node:assert/strict";
import { throwsWithCode } from "@kasbah/testkit";
import { NaiveTree, naiveLeaf, referenceEntries, referenceRoots } from "@kasbah/testkit/ledger";
import fc from "fast-check";
import { leafHash } from "./merkle.ts";
import { equalLeavesTile, sampleLeaves, TileFolder, tilesOver } from "./sample-tree.fixture.ts";
import { tilePath } from "./tile.ts";
import { TileWriter } from "./tile-writer.ts";

const leaves = sampleLeaves(70_000);
const naive = new NaiveTree(leaves);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const paths = (tiles: readonly { id: Parameters<typeof tilePath>[0] }[]) =>
  tiles.map(({ id }) => tilePath(id));

function appendAll(writer: TileWriter, from: number, to: number, folder = new TileFolder()): TileFolder {
  for (const leaf of leaves.slice(from, to)) folder.keep(writer.append(leaf));
  return folder;
}

describe("TileWriter.resume", () => {
  it("rejects a tile of the wrong length and names it", () => {
    const folder = tilesOver(leaves.slice(0, 600));
    for (const change of [-32, -1, 1, 32]) {
      const { message } = throwsWithCode(
        () =>
          TileWriter.resume(600, (id) =>
            Buffer.concat([folder.read(id), Buffer.alloc(32)], id.width * 32 + change),
          ),
        "LEDGER_DAMAGED",
      );
      assert.match(message, /^tile\/0\/002\.p\/88 has \d+ bytes, expected 2816/);
    }
  });

  it("computes another root when any byte of a tile was changed", () => {
    const folder = tilesOver(leaves.slice(0, 600));
    const root = Buffer.from(TileWriter.resume(600, folder.read).root());
    for (const [path, bytes] of folder.tiles) {
      if (!path.includes(".p/")) continue;
      for (let at = 0; at < bytes.length; at += 1) {
        const changed = bytes.with(at, (bytes[at] ?? 0) ^ 1);
        const resumed = TileWriter.resume(600, (id) => (tilePath(id) === path ? changed : folder.read(id)));
        assert.ok(!root.equals(resumed.root()), `${path} byte ${at}`);
      }
    }
  });

  it("rejects an impossible size", () => {
    for (const size of [-1, 1.5, Number.NaN, 2 ** 53]) {
      assert.throws(() => TileWriter.resume(size, () => assert.fail("read a tile")), RangeError);
    }
  });

  it("equals a writer that was never interrupted, at every size up to 1100", () => {
    const further = 257;
    const whole = TileWriter.empty();
    const folder = new TileFolder();
    const roots: string[] = [];
    for (let size = 0; size <= 1100 + further; size += 1) {
      roots.push(hex(whole.root()));
      folder.keep(whole.partialTiles());
      folder.keep(whole.append(leaves[size] ?? assert.fail()));
    }
    for (let size = 0; size <= 1100; size += 1) {
      const writer = TileWriter.resume(size, folder.read);
      assert.equal(hex(writer.root()), roots[size], `the root at ${size}`);
      const written = appendAll(writer, size, size + further);
      written.keep(writer.partialTiles());
      assert.equal(writer.size, size + further);
      assert.equal(hex(writer.root()), roots[size + further], `the root ${further} after ${size}`);
      for (const [path, bytes] of written.tiles) assert.deepEqual(bytes, folder.tiles.get(path), path);
    }
  });

  it("reads at most one tile per level, at the right edge", () => {
    const folder = tilesOver(leaves);
    TileWriter.resume(70_000, folder.read);
    const edge = ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"];
    assert.deepEqual(folder.asked.map(tilePath), edge);
    TileWriter.resume(0, () => assert.fail("an empty tree has no tiles"));
  });
});

describe("TileWriter", () => {
  it("rejects a leaf that is not a hash, and stays unchanged", () => {
    const writer = TileWriter.empty();
    assert.throws(() => writer.append(new Uint8Array(31)), RangeError);
    assert.throws(() => writer.append(new Uint8Array(33)), RangeError);
    assert.equal(writer.size, 0);
    assert.deepEqual(writer.root(), naive.root(0));
  });

  it("computes the roots of certificate-transparency's reference tree", () => {
    const writer = TileWriter.empty();
    const roots = [writer.root()];
    for (const entry of referenceEntries) {
      writer.append(leafHash(entry));
      roots.push(writer.root());
    }
    assert.deepEqual(
      roots.map((root) => Buffer.from(root).toString("hex")),
      referenceRoots,
    );
  });

  it("computes the root of RFC 6962 at every size up to 600", () => {
    const writer = TileWriter.empty();
    for (let size = 0; size <= 600; size += 1) {
      assert.deepEqual(writer.root(), naive.root(size), `at ${size}`);
      writer.append(leaves[size] ?? assert.fail());
    }
  });

  it("computes the root of RFC 6962 at any size up to 70,000, and the tiles of the specification", () => {
    fc.assert(
      fc.property(fc.nat({ max: 70_000 }), (size) => {
        const writer = TileWriter.empty();
        const folder = appendAll(writer, 0, size);
        folder.keep(writer.partialTiles());
        assert.deepEqual(writer.root(), naive.root(size));
        for (const [path, bytes] of folder.tiles) assertTile(path, bytes, size);
      }),
      { numRuns: 8 },
    );
  });

  it("returns a full tile with its last hash, together with the levels above", () => {
    const writer = TileWriter.empty();
    const given = leaves.slice(0, 65_536).map((leaf) => paths(writer.append(leaf)));
    assert.deepEqual(given[254], []);
    assert.deepEqual(given[255], ["tile/0/000"]);
    assert.deepEqual(given[65_535], ["tile/0/255", "tile/1/000"]);
    assert.equal(given.flat().length, 257);
    assert.deepEqual(paths(writer.partialTiles()), ["tile/2/000.p/1"]);
  });

  it("never changes a tile that it has returned", () => {
    const writer = TileWriter.empty();
    const folder = appendAll(writer, 0, 300);
    folder.keep(writer.partialTiles());
    const before = structuredClone(folder.tiles);
    appendAll(writer, 300, 1000);
    assert.deepEqual(folder.tiles, before);
  });

  it("keeps its own tile when a returned partial tile is changed", () => {
    const writer = TileWriter.empty();
    appendAll(writer, 0, 300);
    for (const { bytes } of writer.partialTiles()) bytes.fill(0);
    for (const [path, bytes] of appendAll(writer, 300, 512).tiles) assertTile(path, bytes, 512);
    assert.equal(hex(writer.root()), hex(naive.root(512)));
  });

  it("counts exactly up to 2^53 and then fails", () => {
    const leaf = naiveLeaf(Buffer.from("the same"));
    const tile = equalLeavesTile(leaf);
    const writer = TileWriter.resume(2 ** 53 - 258, tile);
    const finished = Array.from({ length: 257 }, () => writer.append(leaf)).flat();
    assert.deepEqual(paths(finished), ["tile/0/x035/x184/x372/x088/830"]);
    assert.equal(writer.size, 2 ** 53 - 1);
    assert.throws(() => writer.append(leaf), RangeError);
    assert.deepEqual(writer.root(), TileWriter.resume(2 ** 53 - 1, tile).root());
  });
});

/** Each hash of a tile must be the root over the entries that the specification assigns to it. */
function assertTile(path: string, bytes: Uint8Array, size: number): void {
  const [, level = "", index = "", width = "256"] = /^tile\/(\d)\/(\d{3})(?:\.p\/(\d+))?$/.exec(path) ?? [];
  const span = 256 ** Number(level);
  const first = Number(index) * 256;
  const count = Math.min(256, Math.floor(size / span) - first);
  assert.equal(Number(width), count, path);
  const expected = Array.from({ length: count }, (_, at) =>
    naive.root((first + at + 1) * span, (first + at) * span),
  );
  assert.deepEqual(Buffer.from(bytes), Buffer.concat(expected), path);
}
