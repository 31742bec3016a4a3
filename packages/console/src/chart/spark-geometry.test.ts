import assert from "node:assert/strict";
import fc from "fast-check";
import { bucketAt, bucketStart, sparkOf } from "./spark-geometry.ts";

describe("the geometry of a sparkline", () => {
  it("draws each interval that is over as a step, with the peak at the top", () => {
    const { line, area, peak } = sparkOf([0, 2, 4, 1], 40, 10);
    assert.equal(line, "M0 10V10H10V5H20V0H30");
    assert.equal(area, `${line}V10H0Z`);
    assert.equal(peak, 4);
  });

  it("draws the interval that is not over apart", () => {
    assert.equal(sparkOf([4, 4, 1], 30, 8).partial, "M20 8V6H30V8Z");
  });

  it("draws a flat line at the bottom without counts, and none without any interval", () => {
    assert.equal(sparkOf([0, 0, 0], 30, 10).line, "M0 10V10H10V10H20");
    assert.equal(sparkOf([], 20, 10).line, "M0 10");
  });

  it("stays inside its picture for any counts, even wrong ones", () => {
    fc.assert(
      fc.property(fc.array(fc.double(), { maxLength: 60 }), (counts) => {
        const { line, partial } = sparkOf(counts, 240, 40);
        const heights = [...`${line}${partial}`.matchAll(/V([-\d.e+]+)/g)].map(([, y]) => Number(y));
        assert.ok(!/NaN|Infinity/.test(line));
        assert.ok(heights.every((y) => y >= 0 && y <= 40));
      }),
    );
  });

  it("finds the interval below the pointer, also at and beyond the edges, and its time", () => {
    assert.equal(bucketAt(0, 60), 0);
    assert.equal(bucketAt(0.5, 60), 30);
    assert.equal(bucketAt(1, 60), 59);
    assert.equal(bucketAt(-3, 60), 0);
    assert.equal(bucketAt(0.5, 0), 0);
    assert.equal(bucketStart(59, 60, 600_000, 60_000), 540_000);
  });
});
