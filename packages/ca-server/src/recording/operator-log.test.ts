import assert from "node:assert/strict";
import { FakeClock, rejectsWithCode } from "@kasbah/testkit";
import { MemoryLedger } from "./memory-ledger.fixture.ts";
import { OperatorLog } from "./operator-log.ts";

describe("The record of operators", () => {
  const act = { act: "pause", operatorUnverified: "ann" };
  let ledger: MemoryLedger;
  let record: OperatorLog;

  beforeEach(() => {
    ledger = new MemoryLedger();
    record = new OperatorLog({ log: ledger.log, clock: new FakeClock() });
  });

  it("lets nothing begin while it can not be written", async () => {
    ledger.isDown = true;
    let done = 0;
    await rejectsWithCode(
      record.record(act, async () => (done += 1)),
      "LEDGER_UNAVAILABLE",
    );
    assert.equal(done, 0);
  });

  it("says that an act was done when the ledger failed in the middle of it", async () => {
    const work = async () => {
      ledger.isDown = true;
    };
    const refusal = await rejectsWithCode(record.record(act, work), "LEDGER_UNAVAILABLE");
    assert.match(refusal.message, /^the operation was done but could not be recorded/);
  });
});
