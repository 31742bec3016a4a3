import assert from "node:assert/strict";
import { createReport, critical, passed, warning } from "./report.ts";

describe("The doctor's report", () => {
  const facts = { spiffeId: undefined, token: undefined, roots: [], servedSerial: undefined };
  const problem = (what: string) => ({ what, fix: "fix it" });
  const reportOf = (...observations: Parameters<typeof createReport>[0]["observations"]) =>
    createReport({ version: "1", now: new Date(0), observations, facts });

  it("begins with what is broken, and with a wrong clock, because that makes valid tokens look expired", () => {
    const { findings, level } = reportOf(
      warning("files", "FILES_OLD", problem("a mode")),
      warning("clock", "CLOCK_BEHIND", problem("20 s behind")),
      critical("token", "TOKEN_EXPIRED", problem("expired")),
      critical("clock", "CLOCK_AHEAD", problem("2 h ahead")),
      passed("root", "a root"),
    );
    assert.equal(level, "critical");
    assert.deepEqual(
      findings.map(({ code }) => code),
      ["CLOCK_AHEAD", "TOKEN_EXPIRED", "CLOCK_BEHIND", "FILES_OLD"],
    );
  });

  it("contains a problem once that two checks found, as the first of them describes it", () => {
    const { findings } = reportOf(
      critical("clock", "CLOCK_BEHIND", problem("the first")),
      critical("clock", "CLOCK_BEHIND", problem("the second")),
    );
    assert.deepEqual(
      findings.map(({ what }) => what),
      ["the first"],
    );
  });
});
