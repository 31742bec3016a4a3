import assert from "node:assert/strict";
import { FakeClock, type ManualSweep, manualSweep, recordingLogger } from "@kasbah/testkit";
import { type AuthorityState, emptyState } from "../authorities/rotation/authority-state.ts";
import type { StoredAuthority as Known } from "../authorities/rotation/stored-authority.ts";
import { issuanceFacts } from "./issuance-facts.fixture.ts";
import { MemoryLedger } from "./memory-ledger.fixture.ts";
import { TransitionLog } from "./transition-log.ts";

describe("TransitionLog", () => {
  let ledger: MemoryLedger;
  let minute: ManualSweep;
  let state: AuthorityState;
  let record: TransitionLog;
  let known: Known;

  before(async () => {
    const since = new Date("2030-01-01T00:00:00Z");
    const { certificate } = await issuanceFacts();
    known = {
      ...{ id: "root-1", kind: "root", origin: "self-signed", rootId: "root-1", certificate, chain: [] },
      ...{ hasKey: true, stage: "active", stageSince: since, createdAt: since, leafHorizon: since },
    };
  });

  beforeEach(() => {
    [ledger, minute] = [new MemoryLedger(), manualSweep()];
    state = { ...emptyState, epoch: 3, authorities: [known], signerId: "root-1" };
    record = new TransitionLog({
      log: ledger.log,
      state: () => state,
      sweep: minute.sweep,
      clock: new FakeClock(),
      logger: recordingLogger(),
    });
  });

  afterEach(() => record.stop());

  const stages = () =>
    ledger.entries.map((entry) => {
      assert.ok(entry.kind === "authority");
      return [entry.authority, entry.from, entry.stage, entry.signs];
    });

  it("lets the CA start while the ledger is not writable, and records the transitions later", async () => {
    ledger.isDown = true;
    await record.start();
    ledger.isDown = false;
    minute.tick();
    await record.settled();
    assert.deepEqual(stages(), [["root-1", undefined, "active", true]]);
  });

  it("records all authorities at the start, and then each change once", async () => {
    await record.start();
    record.changed();
    const next = { ...known, id: "root-2", rootId: "root-2" };
    state = { ...state, authorities: [{ ...known, stage: "retiring" }, next], signerId: "root-2" };
    record.changed();
    record.changed();
    await record.stop();
    assert.deepEqual(stages(), [
      ["root-1", undefined, "active", true],
      ["root-1", "active", "retiring", false],
      ["root-2", undefined, "active", true],
    ]);
  });

  it("records a transition that failed to be written within a minute", async () => {
    await record.start();
    ledger.isDown = true;
    state = { ...state, authorities: [{ ...known, stage: "retiring" }] };
    record.changed();
    await record.settled();
    assert.equal(ledger.entries.length, 1);
    ledger.isDown = false;
    minute.tick();
    await record.settled();
    assert.deepEqual(stages().at(-1), ["root-1", "active", "retiring", true]);
  });
});
