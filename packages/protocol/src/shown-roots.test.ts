import assert from "node:assert/strict";
import { encodeShownRoots, ShownRoots } from "./shown-roots.ts";

const [one, two] = ["a1".repeat(32), "b2".repeat(32)];

describe("Roots that an agent shows", () => {
  it("are ignored if they are not fingerprints, too short or too many", () => {
    for (const values of [
      [],
      [""],
      [" ", ","],
      ["root-2"],
      [one.toUpperCase()],
      [one.slice(0, 15)],
      [`${one}0`],
    ])
      assert.equal(ShownRoots.parse(values), undefined, values.join());
    const many = Array.from({ length: 400 }, () => one);
    assert.equal(ShownRoots.parse([[...many, two].join()])?.contains(two), false);
  });

  it("are recognized in one header or several, whole or shortened", () => {
    const shown = ShownRoots.parse([`junk, ${one}`, two.slice(0, 16)]);
    assert.deepEqual([shown?.contains(one), shown?.contains(two)], [true, true]);
    assert.equal(shown?.contains("c3".repeat(32)), false);
  });

  it("fit into a header of 5 KiB however many there are", () => {
    const many = Array.from({ length: 1000 }, (_, index) => index.toString(16).padStart(64, "0"));
    assert.ok(encodeShownRoots(many).length < 5 * 1024);
    assert.equal(ShownRoots.parse([encodeShownRoots([one, two])])?.contains(two), true);
  });
});
