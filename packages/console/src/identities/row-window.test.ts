import assert from "node:assert/strict";
import fc from "fast-check";
import { rowAfterKey, scrollTo, windowAt } from "./row-window.ts";

describe("the window of a long list", () => {
  it("contains every visible row and few others, at any position", () => {
    fc.assert(
      fc.property(
        fc.nat(3_600_000),
        fc.integer({ min: 1, max: 2000 }),
        fc.nat(100_000),
        (top, view, count) => {
          const height = 36;
          const { first, end } = windowAt(top, view, height, count);
          assert.ok(first >= 0 && end <= count);
          assert.ok(end - first <= Math.ceil(view / height) + 24);
          const lastTop = Math.max(0, count * height - view);
          const [seenFirst, seenEnd] = [Math.min(top, lastTop), Math.min(top, lastTop) + view];
          assert.ok(first * height <= seenFirst && end * height >= Math.min(seenEnd, count * height));
        },
      ),
    );
  });

  it("scrolls only as far as needed to show a row", () => {
    assert.equal(scrollTo(5, 0, 360, 36), 0);
    assert.equal(scrollTo(10, 0, 360, 36), 36);
    assert.equal(scrollTo(2, 360, 360, 36), 72);
  });

  it("moves by rows, by pages and to both ends, and never beyond them", () => {
    assert.equal(rowAfterKey("ArrowDown", 9, 10, 5), 9);
    assert.equal(rowAfterKey("ArrowUp", 0, 10, 5), 0);
    assert.equal(rowAfterKey("PageDown", 1, 10, 5), 6);
    assert.equal(rowAfterKey("PageUp", 3, 10, 5), 0);
    assert.equal(rowAfterKey("Home", 3, 10, 5), 0);
    assert.equal(rowAfterKey("End", 3, 10, 5), 9);
    assert.equal(rowAfterKey("End", -1, 0, 5), undefined);
    assert.equal(rowAfterKey("a", 3, 10, 5), undefined);
  });
});
