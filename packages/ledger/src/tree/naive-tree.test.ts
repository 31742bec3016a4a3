import assert from "node:assert/strict";
import { NaiveTree, naiveLeaf, referenceEntries, referenceRoots, splitOf } from "@kasbah/testkit/ledger";

describe("NaiveTree", () => {
  it("splits at the largest power of two below the size", () => {
    assert.deepEqual([2, 3, 4, 5, 8, 9, 600].map(splitOf), [1, 2, 2, 4, 4, 8, 512]);
  });

  it("computes the roots of certificate-transparency's reference tree", () => {
    const tree = new NaiveTree(referenceEntries.map(naiveLeaf));
    const roots = referenceRoots.map((_, size) => tree.root(size));
    assert.deepEqual(
      roots.map((root) => Buffer.from(root).toString("hex")),
      referenceRoots,
    );
  });
});
