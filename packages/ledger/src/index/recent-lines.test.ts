import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { manualSweep, recordingLogger } from "@kasbah/testkit";
import { authorityStage, issued, refused, WrittenLedger } from "@kasbah/testkit/ledger";
import { encodeEntry } from "../entry/encode-entry.ts";
import type { LedgerEntry } from "../entry/entry.ts";
import { removeIndex } from "./file.ts";
import { IndexKeeper } from "./keeper.ts";
import { RecentLines } from "./recent-lines.ts";

const line = (text: string) => Buffer.from(JSON.stringify(text));
const place = { segmentFirst: 0, offset: 0 };

describe("RecentLines", () => {
  const indexesFrom = (recent: RecentLines, from: number) => {
    const found = recent.from(from);
    return found && [...found].map(({ index }) => index);
  };

  it("returns the lines from an index on, and forgets earlier ones", () => {
    const recent = new RecentLines();
    assert.equal(recent.from(0), undefined);
    recent.note([line("a"), line("b")], 5, place);
    recent.note([line("c")], 7, place);
    assert.equal(recent.from(4), undefined);
    assert.deepEqual(indexesFrom(recent, 6), [6, 7]);
    assert.equal(recent.from(5), undefined);
    assert.deepEqual(indexesFrom(recent, 8), []);
  });

  it("starts over after a gap, and when it would hold too many lines", () => {
    const recent = new RecentLines();
    recent.note([line("a")], 0, place);
    recent.note([line("c")], 2, place);
    assert.equal(recent.from(0), undefined);
    assert.deepEqual(indexesFrom(recent, 2), [2]);
    const many = Array.from({ length: 4096 }, () => line("x"));
    recent.note(many, 3, place);
    assert.equal(recent.from(2), undefined);
    assert.equal(indexesFrom(recent, 3)?.length, 4096);
    recent.note([...many, line("y")], 4099, place);
    assert.equal(recent.from(4099), undefined);
  });
});

describe("An index of entries that were never read back", () => {
  let ledger: WrittenLedger;

  beforeEach(async () => {
    ledger = await WrittenLedger.make();
  });
  afterEach(() => ledger.remove());

  /** Indexes the entries in steps; with `note`, from memory. */
  async function rowsOf(steps: readonly (readonly LedgerEntry[])[], isNoted: boolean) {
    let durable = 0;
    const { directory } = ledger;
    const sweep = manualSweep().sweep;
    const keeper = new IndexKeeper({ directory, durable: () => durable, sweep, logger: recordingLogger() });
    let offset = 0;
    for (const step of steps) {
      const lines = step.map(encodeEntry);
      if (isNoted) keeper.note(lines, durable, { segmentFirst: 0, offset });
      durable += step.length;
      offset += lines.reduce((length, each) => length + each.length + 1, 0);
      await keeper.catchUp();
    }
    await keeper.stop();
    const database = new DatabaseSync(directory.index);
    const tables = ["state", "segments", "entries", "buckets", "identities", "certificates", "keys"];
    const rows = [...tables, "authorities"].map((name) => database.prepare(`SELECT * FROM ${name}`).all());
    database.close();
    return rows;
  }

  it("has the same rows as an index that was built from the segments", async () => {
    const pods = Array.from({ length: 40 }, (_, pod) => {
      const caller = { ...issued().caller, pod: { name: `é${pod}`, uid: `uid-${pod}` } };
      return issued({ caller });
    });
    const steps = [[authorityStage(), ...pods], [refused()], [issued(), refused(), issued()]];
    await ledger.write(...steps.flat());
    const noted = await rowsOf(steps, true);
    removeIndex(ledger.directory.index);
    assert.deepEqual(noted, await rowsOf(steps, false));
  });

  it("does not read a line that it was given", async () => {
    const entry = issued();
    await ledger.write(refused());
    const rows = await rowsOf([[entry]], true);
    assert.equal(rows[5]?.length, 1);
  });
});
