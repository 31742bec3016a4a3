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

  describe("an operation that must be recorded first", () => {
    const check = async () => undefined;
    const outcomes = () =>
      ledger.entries.map((entry) => (entry.kind === "operator" ? entry.outcome : entry.kind));

    it("starts only after its entry is durable", async () => {
      const seen = await record.recordFirst(act, { check, work: async () => outcomes() });
      assert.deepEqual(seen, ["accepted"]);
      assert.deepEqual(outcomes(), ["accepted"]);
    });

    it("does not start if the entry cannot be durable", async () => {
      ledger.isDown = true;
      let done = 0;
      const work = async () => (done += 1);
      await rejectsWithCode(record.recordFirst(act, { check, work }), "LEDGER_UNAVAILABLE");
      assert.equal(done, 0);
    });

    it("is recorded as refused if its check refuses it, and never starts", async () => {
      let done = 0;
      const refusal = new Error("no such authority");
      const refusing = { check: () => Promise.reject(refusal), work: async () => (done += 1) };
      await assert.rejects(record.recordFirst(act, refusing), refusal);
      assert.deepEqual([outcomes(), done], [["refused"], 0]);
    });

    it("gets a second entry if it fails, and reports its own failure even if that entry cannot be written", async () => {
      const failure = new Error("disk full");
      await assert.rejects(record.recordFirst(act, { check, work: () => Promise.reject(failure) }), failure);
      assert.deepEqual(outcomes(), ["accepted", "refused"]);
      const work = async () => {
        ledger.isDown = true;
        throw failure;
      };
      await assert.rejects(record.recordFirst(act, { check, work }), failure);
    });
  });
});
