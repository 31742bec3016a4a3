import assert from "node:assert/strict";
import { scenarioName } from "../suites/issuance/scenarios.ts";
import { exampleRow } from "./row.fixture.ts";
import { summaryOf } from "./summary.ts";

describe("The summary of a benchmark", () => {
  it("computes the pods of half a core from the cost of a new connection", () => {
    const name = scenarioName({ newConnections: true });
    const summary = summaryOf([exampleRow({ name, cpuMs: 2 })], "kasbah");
    // 250 a second for 43,200 s, 1,800 s and 300 s.
    assert.match(summary, /10,000,000 at 24 h, 450,000 at 1 h, 75,000 at 10 min/);
    assert.match(summary, /one core could issue 500\/s \(24\.0 × openssl\)/);
  });

  it("compares two workers with one", () => {
    const two = scenarioName({ callers: 64, workers: 2 });
    const rows = [exampleRow({ perSecond: 600 }), exampleRow({ name: two, perSecond: 900, cpuMs: 1.1 })];
    assert.match(
      summaryOf(rows, "kasbah"),
      /two workers: 1\.50 × the certificates a second, 1\.10 × the CPU/,
    );
  });

  it("says when the last pod of a storm was served", () => {
    const rows = [exampleRow({ suite: "storm", name: "2,000 pods at once", perSecond: 400, retries: 7 })];
    assert.match(summaryOf(rows, "kasbah"), /2,000 pods at once: all served in 5\.0 s, .*7 calls repeated/);
  });

  it("is empty if no suite measured what it needs, and says nothing of other CAs", () => {
    assert.equal(summaryOf([exampleRow({ ca: "istio" })], "kasbah"), "");
  });
});
