import assert from "node:assert/strict";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AuditIndex, catchUp, encodeEntry } from "@kasbah/ledger";
import { rejectsWithCode } from "@kasbah/testkit";
import { issued, noon, refused, spiffe, WrittenLedger } from "@kasbah/testkit/ledger";
import { readOfflineOverview } from "./offline-overview.ts";

const now = new Date(noon + 50 * 60_000);

describe("readOfflineOverview", () => {
  let ledger: WrittenLedger;

  beforeEach(async () => {
    ledger = await WrittenLedger.make();
  });
  afterEach(() => ledger.remove());

  const read = () => readOfflineOverview(ledger.stateDirectory, now);

  async function writeIndex(): Promise<void> {
    const index = AuditIndex.open(ledger.directory.index);
    await catchUp(index, () => ledger.segments());
    index.close();
  }

  it("refuses a directory that does not exist, and names it", async () => {
    const path = join(ledger.stateDirectory, "elsewhere");
    const { message } = await rejectsWithCode(readOfflineOverview(path, now), "STATE_MISSING");
    assert.equal(message, `${path} does not exist`);
  });

  it("reports an unusable ledger as such: a directory or a device in place of a segment, or a file in place of it all", async () => {
    await mkdir(join(ledger.directory.segments, "000000000000000.jsonl"));
    const asDirectory = await read();
    assert.match(asDirectory.ledger.failure, /000000000000000\.jsonl is not a regular file/);
    assert.equal(asDirectory.ledger.writable, false);
    await rm(join(ledger.directory.segments, "000000000000000.jsonl"), { recursive: true });
    await symlink("/dev/zero", join(ledger.directory.segments, "000000000000000.jsonl"));
    assert.match((await read()).ledger.failure, /is not a regular file/);
    await rename(ledger.directory.path, `${ledger.directory.path}-aside`);
    await writeFile(ledger.directory.path, "");
    assert.equal((await read()).ledger.entries, 0);
  });

  it("reads an empty state directory as a stopped CA that has done nothing", async () => {
    await rm(join(ledger.stateDirectory, "ledger"), { recursive: true });
    const { ready, role, reasons, startedAt, ledger: seen, identities, clock } = await read();
    assert.deepEqual([ready, role, reasons, startedAt], [false, "stopped", ["the CA is stopped"], undefined]);
    const { diskFree, diskSize, ...rest } = seen;
    assert.ok(diskFree > 0 && diskSize > diskFree);
    assert.deepEqual(rest, {
      ...{ writable: true, failure: "", entries: 0, signed: 0, bytes: 0, limitBytes: 0, loss: "" },
    });
    assert.deepEqual(identities, { live: 0, late: 0, soonest: [], partial: false });
    assert.deepEqual(clock, { state: "trusted", reason: "", wallTime: now });
  });

  it("skips damaged lines, and counts them as entries", async () => {
    await ledger.write(issued(), "garbage", '{"v":99}', "\0\0\0");
    await ledger.writeBytes("an incomplete line");
    const { ledger: seen, activity } = await read();
    assert.equal(seen.entries, 4);
    assert.equal(activity.issued.at(-1), 1);
  });

  it("shows the hour before the last decision, refusals of unauthenticated callers included", async () => {
    await ledger.write(issued(), refused({ code: "CSR_MALFORMED" }));
    const stray = Buffer.from(encodeEntry(refused({ code: "TOKEN_MISSING" })));
    await writeFile(join(ledger.directory.unauthenticated, "newest.jsonl"), `${stray}\n`);
    const { activity, warnings } = await read();
    assert.equal(activity.endsAt.getTime(), noon + 60_000);
    assert.deepEqual([activity.issued.at(-1), activity.issued.length], [1, 60]);
    assert.deepEqual(
      activity.refused.map(({ code, counts }) => [code, counts.at(-1)]),
      [
        ["CSR_MALFORMED", 1],
        ["TOKEN_MISSING", 1],
      ],
    );
    assert.deepEqual(warnings, ["the activity is that of the hour before 2030-01-01T12:01:00.000Z"]);
  });

  it("counts live and late identities from the index and the entries after it, and from the entries alone", async () => {
    const late = issued({ spiffeId: spiffe("late") });
    const early = issued({ spiffeId: spiffe("renewed") });
    await ledger.write(
      late,
      early,
      issued({ spiffeId: spiffe("gone"), notAfter: new Date(noon).toISOString() }),
    );
    await writeIndex();
    const notBefore = now.toISOString();
    const notAfter = new Date(noon + 9 * 3_600_000).toISOString();
    await ledger.write(issued({ spiffeId: spiffe("renewed"), notBefore, notAfter }));
    const expected = {
      ...{ live: 2, late: 1, partial: false },
      soonest: [
        {
          ...{ spiffeId: spiffe("late"), serial: late.serial },
          ...{ notBefore: new Date(late.notBefore), notAfter: new Date(late.notAfter) },
        },
      ],
    };
    assert.deepEqual((await read()).identities, expected);
    await rm(ledger.directory.index);
    assert.deepEqual((await read()).identities, expected);
    await writeFile(ledger.directory.index, "garbage");
    assert.deepEqual((await read()).identities, expected);
  });

  it("reads only the newest segments of a long ledger, and says so", async () => {
    const long = "x".repeat(30_000);
    for (let segment = 0; segment < 3; segment += 1) {
      await ledger.write(issued({ spiffeId: spiffe(`n${segment}`) }));
      for (let part = 0; part < 20; part += 1)
        await ledger.write(...Array.from({ length: 30 }, () => refused({ problem: long })));
      ledger.roll();
    }
    const { ledger: seen, identities, activity, warnings } = await read();
    assert.equal(seen.entries, 3 * 601);
    assert.equal(activity.issued.at(-1), 1);
    assert.deepEqual([identities.live, identities.partial], [1, true]);
    assert.match(warnings.join(), /the ledger is long: only its newest entries were read/);
    await writeIndex();
    assert.deepEqual([(await read()).identities.live, (await read()).identities.partial], [3, false]);
  });

  it("notices a clock that is behind the last trusted time", async () => {
    const control = join(ledger.stateDirectory, "control");
    await mkdir(control);
    const time = { offsetMs: 0, anchoredAtBootMs: 0, former: [] };
    const record = { format: 1, trustedMs: now.getTime() + 3 * 3_600_000, bootMs: 0, time };
    await writeFile(join(control, "clock.json"), JSON.stringify(record));
    const { state, reason } = (await read()).clock;
    assert.deepEqual(
      [state, reason],
      ["suspect", "the clock is 3 h behind the last trusted time (2030-01-01T15:50:00.000Z)"],
    );
    await writeFile(join(control, "clock.json"), "garbage");
    assert.equal((await read()).clock.state, "trusted");
  });
});
