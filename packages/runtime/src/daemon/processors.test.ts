import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { parseQuotaV1, parseQuotaV2, readProcessors } from "./processors.ts";

describe("readProcessors", () => {
  for (const [text, processors] of [
    ["150000 100000\n", 1.5],
    ["400000 100000\n", 4],
    ["50000 100000", 0.5],
    ["max 100000\n", undefined],
    ["", undefined],
    ["0 100000", undefined],
    ["100000 0", undefined],
    ["1e5 100000", undefined],
  ] as const) {
    it(`reads ${JSON.stringify(text)} of cgroup v2 as ${processors} processors`, () =>
      assert.equal(parseQuotaV2(text), processors));
  }

  for (const [quota, period, processors] of [
    ["200000\n", "100000\n", 2],
    ["-1\n", "100000\n", undefined],
    ["", "", undefined],
  ] as const) {
    it(`reads the quota ${JSON.stringify(quota)} of cgroup v1 as ${processors} processors`, () =>
      assert.equal(parseQuotaV1(quota, period), processors));
  }

  it("returns a whole number of processors that exist", () => {
    const processors = readProcessors();
    assert.ok(Number.isInteger(processors) && processors >= 1 && processors <= availableParallelism());
  });
});
