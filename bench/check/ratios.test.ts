import assert from "node:assert/strict";
import { exampleRow } from "../report/row.fixture.ts";
import { findRegressions, ratiosOf } from "./ratios.ts";

const row = "issuance: P-256 CSR, RS256, 64 callers";

describe("The check of ratios", () => {
  it("notes the median of our CA, with the spread of the rounds as its noise but at least 20 %", () => {
    const quiet = ratiosOf([exampleRow({ timesOpenssl: [12, 12.1, 12.2] })], "kasbah");
    assert.deepEqual(quiet, { [row]: { timesOpenssl: 12.1, noise: 0.2 } });
    const noisy = ratiosOf([exampleRow({ timesOpenssl: [8, 10, 13] })], "kasbah");
    assert.deepEqual(noisy, { [row]: { timesOpenssl: 10, noise: 0.5 } });
  });

  it("ignores other CAs, paced rows, rows with failed calls, and CAs whose CPU time cannot be read", () => {
    const rows = [
      exampleRow({ ca: "istio" }),
      exampleRow({ suite: "steady" }),
      exampleRow({ failures: { "gRPC 14 UNAVAILABLE": 3 } }),
      exampleRow({ timesOpenssl: [Number.NaN] }),
    ];
    assert.deepEqual(ratiosOf(rows, "kasbah"), {});
  });

  it("keeps the rows of a CA with a history apart", () => {
    const rows = [exampleRow({ suite: "growth", name: "16 callers", ca: "kasbah after 100,000" })];
    assert.deepEqual(Object.keys(ratiosOf(rows, "kasbah")), ["growth: 16 callers, after 100,000"]);
  });

  it("fails on a ratio above the committed one and its noise, not on one within it", () => {
    const committed = { [row]: { timesOpenssl: 10, noise: 0.25 } };
    assert.deepEqual(findRegressions({ [row]: { timesOpenssl: 12.5, noise: 0.2 } }, committed), []);
    assert.deepEqual(findRegressions({ [row]: { timesOpenssl: 12.6, noise: 0.2 } }, committed), [
      { row, was: 10, is: 12.6 },
    ]);
  });

  it("compares only rows that were measured and committed", () => {
    const other = { "storm: 2,000 pods at once": { timesOpenssl: 99, noise: 0.2 } };
    assert.deepEqual(findRegressions(other, { [row]: { timesOpenssl: 1, noise: 0.2 } }), []);
  });
});
