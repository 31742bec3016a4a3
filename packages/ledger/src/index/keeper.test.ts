import assert from "node:assert/strict";
import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { manualSweep, type RecordingLogger, recordingLogger } from "@kasbah/testkit";
import { issued, spiffe, WrittenLedger } from "@kasbah/testkit/ledger";
import { IndexKeeper } from "./keeper.ts";

describe("IndexKeeper", () => {
  let ledger: WrittenLedger;
  let logger: RecordingLogger;
  let durable: number;
  let keeper: IndexKeeper;

  beforeEach(async () => {
    ledger = await WrittenLedger.make();
    logger = recordingLogger();
    durable = 0;
    keeper = keeperOf();
  });
  afterEach(async () => {
    await keeper.stop();
    await ledger.remove();
  });

  function keeperOf(): IndexKeeper {
    const { directory } = ledger;
    return new IndexKeeper({ directory, durable: () => durable, sweep: manualSweep().sweep, logger });
  }
  const warnings = () => logger.events.filter(({ level }) => level === "warn").length;

  it("keeps the CA running without an index, logs the failure once, and recovers automatically", async () => {
    const entry = issued();
    await ledger.write(entry);
    durable = 1;
    await mkdir(ledger.directory.index);
    await keeper.catchUp();
    await keeper.catchUp();
    assert.equal(warnings(), 1);
    assert.equal(await keeper.find(entry.referenceId), undefined);
    assert.equal(keeper.isNameKnown(entry.spiffeId), undefined);
    await rmdir(ledger.directory.index);
    await keeper.catchUp();
    assert.deepEqual(await keeper.find(entry.referenceId), entry);
  });

  it("recreates a damaged index whenever the damage is found", async () => {
    const entries = Array.from({ length: 300 }, () => issued());
    await ledger.write(...entries);
    durable = 300;
    await keeper.catchUp();
    await keeper.stop();
    const bytes = await readFile(ledger.directory.index);
    await writeFile(ledger.directory.index, bytes.fill(0xa5, 8192));
    keeper = keeperOf();
    const last = entries.at(-1) ?? assert.fail();
    for (let round = 0; round < 3; round += 1) {
      await keeper.catchUp();
      await keeper.find(last.referenceId);
    }
    assert.deepEqual(await keeper.find(last.referenceId), last);
    assert.equal(keeper.isNameKnown(spiffe("frontend")), true);
  });

  it("indexes only durable entries, one run at a time", async () => {
    const entries = [issued(), issued({ spiffeId: spiffe("backend") })];
    await ledger.write(...entries);
    durable = 1;
    await Promise.all([keeper.catchUp(), keeper.catchUp()]);
    assert.equal(keeper.isNameKnown(spiffe("frontend")), true);
    assert.equal(keeper.isNameKnown(spiffe("backend")), false);
    durable = 2;
    await keeper.catchUp();
    assert.equal(keeper.isNameKnown(spiffe("backend")), true);
  });

  it("stops in the middle of a long run and resumes there", async () => {
    await ledger.write(...Array.from({ length: 2_000 }, () => issued()));
    durable = 2_000;
    const working = keeper.catchUp();
    await keeper.stop();
    await working;
    assert.equal(warnings(), 0);
    keeper = keeperOf();
    await keeper.catchUp();
    assert.equal(keeper.isNameKnown(spiffe("frontend")), true);
  });
});
