import assert from "node:assert/strict";
import { FakeClock, type RecordingLogger, recordingLogger } from "@kasbah/testkit";
import { HandshakeReport } from "./handshake-report.ts";

describe("HandshakeReport", () => {
  let logger: RecordingLogger;
  let counted: string[];
  let clock: FakeClock;
  let report: HandshakeReport;

  beforeEach(() => {
    [logger, counted, clock] = [recordingLogger(), [], new FakeClock()];
    report = new HandshakeReport({ onFailed: (reason) => counted.push(reason), clock, logger });
  });

  it("counts each failure and summarizes them once, with their reasons and networks", () => {
    for (let index = 0; index < 4; index += 1) report.failed("unknown_root", `10.1.2.${index}`);
    report.failed("reset", "10.9.9.9");
    report.summarize();
    report.summarize();
    assert.equal(counted.length, 5);
    assert.deepEqual(logger.events, [
      {
        level: "warn",
        event: "connections ended before their first call",
        facts: {
          ...{ count: 5, reasons: { unknown_root: 4, reset: 1 } },
          from: ["10.1.2.0/24 (4)", "10.9.9.9 (1)"],
        },
      },
    ]);
  });

  it("does not warn about connections that were only opened", () => {
    report.failed("reset", "10.1.2.3");
    report.failed("no_call", "10.1.2.3");
    report.summarize();
    assert.equal(logger.events[0]?.level, "info");
  });

  it("logs once that no connection can be accepted, and again in the next outage", async () => {
    for (let index = 0; index < 100; index += 1) report.notAccepted(new Error("EMFILE"));
    assert.equal(logger.events.length, 1);
    await clock.advance(10 * 60_000);
    report.notAccepted(new Error("EMFILE"));
    assert.equal(logger.events.length, 2);
  });
});
