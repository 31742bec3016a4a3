import assert from "node:assert/strict";
import { mkdir, readFile, rename, rmdir, writeFile } from "node:fs/promises";
import { eventually, manualSweep, type RecordingLogger, recordingLogger } from "@kasbah/testkit";
import { issued, noon, refused, spiffe, WrittenLedger } from "@kasbah/testkit/ledger";
import { encodeEntry } from "../entry/encode-entry.ts";
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

  it("knows the newest certificates of names once it has caught up, and their serials as far as they can be read", async () => {
    const now = new Date(noon);
    assert.equal(keeper.newestOfNames(now), undefined);
    const entries = [issued(), issued({ spiffeId: spiffe("backend") })];
    await ledger.write(...entries, refused());
    durable = 3;
    await keeper.catchUp();
    const names = [...(keeper.newestOfNames(now) ?? [])].flat().map(({ spiffeId }) => spiffeId);
    assert.deepEqual(names.sort(), [spiffe("backend"), spiffe("frontend")]);
    const serials = [entries[1]?.serial, undefined, undefined, entries[0]?.serial];
    assert.deepEqual(await keeper.serialsAt([1, 2, 99, 0]), serials);
    const [segment] = await ledger.segments();
    await writeFile(segment?.path ?? "", "");
    assert.deepEqual(await keeper.serialsAt([1]), [undefined]);
    await keeper.stop();
    assert.deepEqual(await keeper.serialsAt([1]), [undefined]);
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

  it("adds noted entries without looking at the segments, and looks at them again within sixty runs", async () => {
    const { sweep, tick } = manualSweep();
    const { directory } = ledger;
    keeper = new IndexKeeper({ directory, durable: () => durable, sweep, logger });
    await keeper.start();
    await keeper.catchUp();
    const entry = issued();
    await ledger.write(entry);
    keeper.note([encodeEntry(entry)], 0, { segmentFirst: 0, offset: 0 });
    durable = 1;
    await rename(directory.segments, `${directory.segments}-away`);
    for (let run = 0; run < 50; run += 1) {
      tick();
      await eventually(() => keeper.isNameKnown(entry.spiffeId) === true);
    }
    assert.equal(warnings(), 0);
    await eventually(() => {
      tick();
      return warnings() === 1;
    });
  });

  it("names the holders of unexpired certificates of an authority, and who has renewed under another one", async () => {
    const pod = (uid: string) => ({ caller: { ...issued().caller, pod: { name: uid, uid } } });
    const old = "0a".repeat(32);
    const fresh = "0b".repeat(32);
    const until = (hour: number) => ({ notAfter: `2030-01-02T0${hour}:00:00.000Z` });
    await ledger.write(
      issued({ authority: old, ...pod("a"), ...until(1) }),
      issued({ authority: old, ...pod("a"), ...until(4), serial: "77" }),
      issued({ authority: old, ...pod("b"), ...until(2) }),
      issued({ authority: fresh, ...pod("b"), ...until(9) }),
      issued({ authority: old, spiffeId: spiffe("expired"), notAfter: "2030-01-01T00:00:00.000Z" }),
      issued({ authority: old, spiffeId: spiffe("renewed"), ...until(3), serial: "78" }),
      issued({ authority: fresh, spiffeId: spiffe("renewed"), ...until(5) }),
      issued({ authority: fresh, spiffeId: spiffe("new"), ...until(5) }),
    );
    durable = 8;
    const found = await keeper.holders(new Set([old]), new Date("2030-01-01T00:00:01Z"));
    assert.deepEqual(found, [
      {
        spiffeId: spiffe("frontend"),
        leaves: 3,
        pods: 1,
        serial: "77",
        notAfter: new Date("2030-01-02T04:00:00Z"),
      },
      {
        spiffeId: spiffe("renewed"),
        leaves: 1,
        pods: 0,
        serial: "78",
        notAfter: new Date("2030-01-02T03:00:00Z"),
      },
    ]);
    assert.deepEqual(await keeper.holders(new Set(["0c".repeat(32)]), new Date("2030-01-01T00:00:01Z")), []);
  });

  it("rejects a query for holders if the index cannot be used, instead of reporting none", async () => {
    await ledger.write(issued());
    durable = 1;
    await mkdir(ledger.directory.index);
    await assert.rejects(keeper.holders(new Set(["0a".repeat(32)]), new Date("2030-01-01T00:00:00Z")));
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
