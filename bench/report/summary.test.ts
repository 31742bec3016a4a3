import assert from "node:assert/strict";
import { scenarioName } from "../suites/issuance/scenarios.ts";
import { exampleRow } from "./row.fixture.ts";
import { summaryOf } from "./summary.ts";

describe("The summary of a benchmark", () => {
  it("computes the pods of half a core from the cost of a new connection", () => {
    const name = scenarioName({ newConnections: true });
    const summary = summaryOf([exampleRow({ name, cpuMs: 2 })], [], "kasbah");
    // 250 a second for 43,200 s, 1,800 s and 300 s.
    assert.match(summary, /10,000,000 at 24 h, 450,000 at 1 h, 75,000 at 10 min/);
    assert.match(summary, /one core could issue 500\/s \(24\.0 × openssl\)/);
  });

  it("compares two workers with one", () => {
    const two = scenarioName({ callers: 64, workers: 2 });
    const rows = [exampleRow({ perSecond: 600 }), exampleRow({ name: two, perSecond: 900, cpuMs: 1.1 })];
    assert.match(
      summaryOf(rows, [], "kasbah"),
      /two workers: 1\.50 × the certificates a second, 1\.10 × the CPU/,
    );
  });

  it("says when the last pod of a storm was served", () => {
    const topic = "A storm: 1,000 pods start at once";
    const figures = [{ topic, name: "time until all are served", value: 2.04, unit: "s" }];
    assert.match(summaryOf([], figures, "kasbah"), /1,000 pods start at once: all served in 2\.0 s/);
  });

  it("is empty if no suite measured what it needs, and says nothing of other CAs", () => {
    assert.equal(summaryOf([exampleRow({ ca: "istio" })], [], "kasbah"), "");
  });
});
