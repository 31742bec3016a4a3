import assert from "node:assert/strict";
import { percentile } from "./percentile.ts";
import { spreadOf, widthOf } from "./spread.ts";

describe("Statistics of the benchmark", () => {
  it("take the middle round, or the mean of the two in the middle", () => {
    assert.deepEqual(spreadOf([9, 1, 4]), { median: 4, low: 1, high: 9 });
    assert.deepEqual(spreadOf([9, 1, 4, 6]), { median: 5, low: 1, high: 9 });
  });

  it("are not a number without a round, so that a missing figure is never zero", () => {
    assert.deepEqual(spreadOf([]), { median: Number.NaN, low: Number.NaN, high: Number.NaN });
    assert.equal(percentile([], 0.5), Number.NaN);
  });

  it("give the distance of the rounds as a share of the median", () => {
    assert.equal(widthOf({ median: 10, low: 9, high: 12 }), 0.3);
  });

  it("find the latency that all but one of a hundred calls stay below", () => {
    const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
    assert.equal(percentile(samples, 0.99), 100);
    assert.equal(percentile(samples, 0.5), 51);
    assert.equal(percentile([7], 0.999), 7);
  });
});
