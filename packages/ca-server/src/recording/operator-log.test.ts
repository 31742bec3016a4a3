import assert from "node:assert/strict";
import { FakeClock, rejectsWithCode } from "@kasbah/testkit";
import { MemoryLedger } from "./memory-ledger.fixture.ts";
import { OperatorLog } from "./operator-log.ts";

describe("OperatorLog", () => {
  const act = { act: "pause", operatorUnverified: "ann" };
  let ledger: MemoryLedger;
  let record: OperatorLog;

  beforeEach(() => {
    ledger = new MemoryLedger();
    record = new OperatorLog({ log: ledger.log, clock: new FakeClock() });
  });

  it("starts no operation while the ledger is not writable", async () => {
    ledger.isDown = true;
    let done = 0;
    await rejectsWithCode(
      record.record(act, async () => (done += 1)),
      "LEDGER_UNAVAILABLE",
    );
    assert.equal(done, 0);
  });

  it("reports that an operation was done if the ledger failed during it", async () => {
    const work = async () => {
      ledger.isDown = true;
    };
    const refusal = await rejectsWithCode(record.record(act, work), "LEDGER_UNAVAILABLE");
    assert.match(refusal.message, /^the operation was done but could not be recorded/);
  });
});
