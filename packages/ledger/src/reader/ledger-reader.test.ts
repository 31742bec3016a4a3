import assert from "node:assert/strict";
import { mkdir, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rejectsWithCode } from "@kasbah/testkit";
import { authorityStage, issued, noon, refused, sha256, spiffe, WrittenLedger } from "@kasbah/testkit/ledger";
import { encodeEntry } from "../entry/encode-entry.ts";
import type { LedgerEntry } from "../entry/entry.ts";
import { AuditIndex } from "../index/audit-index.ts";
import { catchUp } from "../index/catch-up.ts";
import { findDecision } from "../index/find-decision.ts";
import { keyHash, type LookupKey } from "../index/rows.ts";
import type { Found, LedgerReader } from "../ports.ts";
import { openLedgerForReading } from "./open-ledger.ts";

const minute = 60_000;
const iso = (ms: number) => new Date(ms).toISOString();
const places = (found: readonly Found[]) => found.map(({ slot, index }) => `${slot}/${index}`);

/** Trace ids with one CRC-32, which is the key of all three in the index. */
const sameKeys = {
  hidden: "4bf92f3577b34da6a3ce929d0e0e4736",
  forged: ["15441255647654502022000022220220", "56073506275657624220020022002022"],
};

describe("SegmentLedgerReader", () => {
  let ledger: WrittenLedger;
  let open: LedgerReader[];

  beforeEach(async () => {
    ledger = await WrittenLedger.make();
    open = [];
  });
  afterEach(async () => {
    for (const reader of open) await reader.close();
    await ledger.remove();
  });

  async function reader(directories: string | string[] = ledger.stateDirectory): Promise<LedgerReader> {
    const opened = await openLedgerForReading(directories);
    open.push(opened);
    return opened;
  }

  const who = async (ms: number | undefined, name = "frontend") =>
    places(await (await reader()).who(spiffe(name), ms === undefined ? undefined : new Date(ms), 100));

  it("fails with STATE_MISSING where there is no ledger", async () => {
    for (const directory of [join(ledger.stateDirectory, "none"), ledger.directory.segments])
      await rejectsWithCode(openLedgerForReading(directory), "STATE_MISSING");
  });

  it("skips unreadable lines and counts them", async () => {
    const line = Buffer.from(encodeEntry(issued())).toString();
    await ledger.write(issued(), "garbage", line.replace("default", "\\u0064efault"), issued());
    const opened = await reader();
    assert.deepEqual(places(await opened.who(spiffe("frontend"), undefined, 9)), ["0/3", "0/0"]);
    assert.equal(opened.unreadable, 2);
  });

  it("recreates an index that turns out to be damaged during a query, and answers", async () => {
    await ledger.write(...Array.from({ length: 300 }, () => issued()));
    const index = AuditIndex.open(ledger.directory.index);
    await catchUp(index, () => ledger.segments());
    index.close();
    const { size } = await stat(ledger.directory.index);
    const opened = await reader();
    await truncate(ledger.directory.index, 4096);
    await writeFile(ledger.directory.index, Buffer.alloc(size - 4096, 0xa5), { flag: "a" });
    assert.equal((await opened.who(spiffe("frontend"), undefined, 1_000)).length, 300);
  });

  it("reads entries that are not indexed from the segments if it may not write the index", async () => {
    await ledger.write(issued(), issued({ spiffeId: spiffe("backend") }));
    const index = AuditIndex.open(ledger.directory.index);
    await catchUp(index, () => ledger.segments(), { end: 1 });
    const opened = await openLedgerForReading(ledger.stateDirectory, { readOnly: true });
    open.push(opened);
    const held = async (name: string) => places(await opened.who(spiffe(name), new Date(noon), 9));
    assert.deepEqual([...(await held("frontend")), ...(await held("backend"))], ["0/0", "0/1"]);
    assert.equal(index.size, 1);
    // A running CA continues meanwhile.
    await catchUp(index, () => ledger.segments());
    assert.deepEqual(await held("backend"), ["0/1"]);
    index.close();
  });

  it("returns the newest certificate even if a running CA has updated the index since it was opened", async () => {
    await ledger.write(issued());
    const opened = await reader();
    await ledger.write(issued(), issued());
    const index = AuditIndex.open(ledger.directory.index);
    await catchUp(index, () => ledger.segments());
    index.close();
    assert.deepEqual(places(await opened.who(spiffe("frontend"), undefined, 1)), ["0/2"]);
    assert.deepEqual(places(await opened.who(spiffe("frontend"), undefined, 9)), ["0/2", "0/1", "0/0"]);
  });

  it("does not follow a link in place of the index, and still answers", async () => {
    await ledger.write(issued());
    const elsewhere = join(ledger.stateDirectory, "elsewhere");
    await symlink(elsewhere, ledger.directory.index);
    assert.deepEqual(await who(noon), ["0/0"]);
    await assert.rejects(stat(elsewhere), { code: "ENOENT" });
  });

  it("reads a ledger whose index can be neither created nor opened", async () => {
    await ledger.write(issued());
    // A directory blocks the file, because root may write everywhere.
    await mkdir(ledger.directory.index);
    assert.deepEqual(await who(noon), ["0/0"]);
  });

  describe("who", () => {
    it("returns the holders of a name to the second, across rotations of leaf and authority", async () => {
      const old = issued({ notBefore: iso(noon), notAfter: iso(noon + 60 * minute) });
      await ledger.write(
        authorityStage({ stage: "active" }),
        old,
        authorityStage({ stage: "retiring" }),
        authorityStage({ fingerprint: sha256("next"), authority: "root-2" }),
        issued({
          time: iso(noon + 30 * minute),
          authority: sha256("next"),
          notBefore: iso(noon + 30 * minute),
          notAfter: iso(noon + 90 * minute),
        }),
      );
      for (const [ms, expected] of [
        [noon - 1, []],
        [noon, ["0/1"]],
        [noon + 30 * minute - 1, ["0/1"]],
        [noon + 30 * minute, ["0/4", "0/1"]],
        [noon + 60 * minute + 999, ["0/4", "0/1"]],
        [noon + 60 * minute + 1_000, ["0/4"]],
        [noon + 90 * minute + 999, ["0/4"]],
        [noon + 90 * minute + 1_000, []],
      ] as const)
        assert.deepEqual(await who(ms), expected, iso(ms));
      const opened = await reader();
      assert.equal(await opened.authorityId(old.authority), "root-1");
      assert.equal(await opened.authorityId(sha256("next")), "root-2");
      assert.equal(await opened.authorityId(sha256("other")), undefined);
    });

    it("returns the first and the last certificate of a name", async () => {
      await ledger.write(issued(), issued({ spiffeId: spiffe("frontend-2") }), issued());
      const ends = await (await reader()).firstAndLast(spiffe("frontend"));
      assert.deepEqual([ends?.first.index, ends?.last.index], [0, 2]);
      assert.equal(await (await reader()).firstAndLast(spiffe("front")), undefined);
    });
  });

  it("finds a certificate only by its serial and its fingerprint", async () => {
    const wanted = issued();
    const sameSerial = issued({ serial: wanted.serial });
    await ledger.write(issued(), wanted, sameSerial);
    const opened = await reader();
    assert.deepEqual(places(await opened.certificate({ fingerprint: wanted.fingerprint })), ["0/1"]);
    assert.deepEqual(places(await opened.certificate({ serial: wanted.serial })).sort(), ["0/1", "0/2"]);
    assert.deepEqual(await opened.certificate({ serial: "00" }), []);
  });

  it("distinguishes certificates whose keys collide in the index", async () => {
    const [one, other] = collision("serial");
    await ledger.write(issued({ serial: one }), issued({ serial: other }));
    const opened = await reader();
    assert.deepEqual(places(await opened.certificate({ serial: one })), ["0/0"]);
    assert.deepEqual(places(await opened.certificate({ serial: other })), ["0/1"]);
  });

  it("distinguishes calls whose references collide in the index", async () => {
    const [one, other] = collision("reference").map((referenceId) => refused({ referenceId }));
    assert.ok(one && other);
    await ledger.write(one, other);
    const opened = await reader();
    const index = AuditIndex.open(ledger.directory.index);
    try {
      for (const entry of [one, other]) {
        assert.deepEqual(await opened.reference(entry.referenceId), entry);
        assert.deepEqual(await findDecision(index, ledger.directory, entry.referenceId), entry);
      }
    } finally {
      index.close();
    }
  });

  it("finds a call although callers chose trace ids that share its key in the index", async () => {
    const { forged, hidden } = sameKeys;
    assert.equal(new Set([...forged, hidden].map((id) => keyHash("trace", id))).size, 1);
    const victim = refused({ traceId: hidden });
    const others = Array.from({ length: 150 }, (_, number) => issued({ traceId: forged[number % 2] ?? "" }));
    await ledger.write(victim, ...others);
    assert.deepEqual(await (await reader()).reference(hidden), victim);
  });

  it("finds the newest refusal of a trace among those of unauthenticated callers, and of all kinds", async () => {
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    const at = (seconds: number) => ({ traceId, time: iso(noon + seconds * 1000) });
    const [older, newer, newest] = [refused(at(1)), refused(at(2)), issued(at(3))];
    const file = join(ledger.directory.unauthenticated, "newest.jsonl");
    const lines = [older, newer].map((entry) => `${Buffer.from(encodeEntry(entry))}\n`).join("");
    await ledger.write(issued());
    await writeFile(file, lines);
    assert.deepEqual(await (await reader()).reference(traceId), newer);
    await ledger.write(newest);
    assert.deepEqual(await (await reader()).reference(traceId), newest);
    const index = AuditIndex.open(ledger.directory.index);
    try {
      assert.deepEqual(await findDecision(index, ledger.directory, traceId), newest);
    } finally {
      index.close();
    }
  });

  it("finds the newest decision of a trace by its id, and reads few of a trace with very many", async () => {
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    const traced = Array.from({ length: 300 }, () => issued({ traceId }));
    const newest = refused({ traceId });
    await ledger.write(...traced, newest, issued());
    const opened = await reader();
    const index = AuditIndex.open(ledger.directory.index);
    try {
      assert.deepEqual(await opened.reference(traceId), newest);
      assert.deepEqual(await findDecision(index, ledger.directory, traceId), newest);
      assert.deepEqual(await opened.reference(newest.referenceId), newest);
      assert.equal(await opened.reference(traceId.replace("4", "5")), undefined);
    } finally {
      index.close();
    }
  });

  it("finds the decision about a call on disk, even for unauthenticated callers", async () => {
    const [denied, unauthenticated] = [refused({ caller: issued().caller }), refused()];
    await ledger.write(issued(), denied);
    const trap = refused({ problem: unauthenticated.referenceId });
    await writeFile(
      join(ledger.directory.unauthenticated, "before.jsonl"),
      ["garbage", trap, unauthenticated]
        .map((one) => `${typeof one === "string" ? one : Buffer.from(encodeEntry(one))}\n`)
        .join(""),
    );
    const opened = await reader();
    const index = AuditIndex.open(ledger.directory.index);
    try {
      for (const entry of [denied, unauthenticated]) {
        assert.deepEqual(await opened.reference(entry.referenceId), entry);
        assert.deepEqual(await findDecision(index, ledger.directory, entry.referenceId), entry);
      }
      assert.equal(await opened.reference("000000000000"), undefined);
    } finally {
      index.close();
    }
  });

  describe("several ledgers", () => {
    let other: WrittenLedger;

    beforeEach(async () => {
      other = await ledger.otherSlot("1");
      await ledger.write(...[0, 2, 4].map((count) => issued({ time: iso(noon + count * minute) })));
      await other.write(...[1, 3, 5].map((count) => issued({ time: iso(noon + count * minute) })));
    });

    it("merges entries of several ledgers by time", async () => {
      const expected = ["0/0", "1/0", "0/1", "1/1", "0/2", "1/2"];
      const opened = await reader();
      assert.deepEqual(places(await all(opened.since(new Date(noon)))), expected);
      assert.deepEqual(places(await opened.tail().last(4)), expected.slice(-4));
      assert.deepEqual(await who(noon + 10 * minute), expected.toReversed());
      assert.deepEqual(
        places(
          await opened
            .since(new Date(noon))
            .next()
            .then(({ value }) => [value as Found]),
        ),
        ["0/0"],
      );
    });

    it("lists each name and pod once, with the newest certificate of all ledgers", async () => {
      const live = await (await reader()).identities(new Date(noon + 10 * minute));
      assert.deepEqual(places(live), ["1/2"]);
    });

    it("reads several state directories and names their ledgers by path", async () => {
      const second = await WrittenLedger.make();
      try {
        await second.write(issued({ time: iso(noon + 3.5 * minute) }));
        const opened = await reader([ledger.stateDirectory, second.stateDirectory]);
        const last = await opened.tail().last(3);
        assert.deepEqual(
          last.map(({ slot }) => slot),
          [
            join(second.stateDirectory, "0"),
            join(ledger.stateDirectory, "0"),
            join(ledger.stateDirectory, "1"),
          ],
        );
      } finally {
        await second.remove();
      }
    });
  });

  describe("since", () => {
    it("returns the entries of a period, both ends included, with their exact bytes", async () => {
      const entries = [0, 1, 2, 3].map((count) => refused({ time: iso(noon + count) }));
      await ledger.write(...entries);
      const found = await all((await reader()).since(new Date(noon + 1), new Date(noon + 2)));
      assert.deepEqual(places(found), ["0/1", "0/2"]);
      assert.deepEqual(found[0]?.line, Buffer.from(encodeEntry(entries[1] as LedgerEntry)));
    });

    it("returns all entries of a period if the clock was set back or they are not indexed yet", async () => {
      await ledger.write(
        ...[5, 6, -60, -59, 7].map((count) => refused({ time: iso(noon + count * minute) })),
      );
      const opened = await reader();
      ledger.roll();
      await ledger.write(refused({ time: iso(noon + 8 * minute) }));
      assert.deepEqual(places(await all(opened.since(new Date(noon - 60 * minute), new Date(noon)))), [
        "0/2",
        "0/3",
      ]);
      assert.deepEqual(places(await all((await reader()).since(new Date(noon + 6 * minute)))), [
        "0/1",
        "0/4",
        "0/5",
      ]);
    });
  });

  describe("tail", () => {
    it("continues where it stopped, across torn lines, ends of segments and retention", async () => {
      await ledger.write(refused(), refused());
      const tail = (await reader()).tail();
      assert.deepEqual(places(await tail.last(1)), ["0/1"]);
      const line = Buffer.from(encodeEntry(refused())).toString();
      await ledger.writeBytes(line.slice(0, 50));
      assert.deepEqual(await all(tail.more()), []);
      await ledger.writeBytes(`${line.slice(50)}\n`);
      ledger.size += 1;
      ledger.roll();
      await ledger.write(refused());
      assert.deepEqual(places(await all(tail.more())), ["0/2", "0/3"]);
      const [first] = await ledger.segments();
      await rm(first?.path ?? "");
      await ledger.write("garbage", refused());
      assert.deepEqual(places(await all(tail.more())), ["0/5"]);
    });

    it("reads across segments, back to the first entry if necessary", async () => {
      for (let count = 0; count < 5; count += 1) {
        await ledger.write(refused());
        ledger.roll();
      }
      const opened = await reader();
      assert.deepEqual(places(await opened.tail().last(3)), ["0/2", "0/3", "0/4"]);
      assert.equal((await opened.tail().last(99)).length, 5);
      assert.deepEqual(await opened.tail().last(0), []);
    });
  });
});

/** Finds two keys with the same hash. */
function collision(kind: LookupKey): readonly [string, string] {
  const seen = new Map<number, string>();
  for (let count = 0; ; count += 1) {
    const key = sha256(String(count)).slice(0, 12);
    const before = seen.get(keyHash(kind, key));
    if (before !== undefined) return [before, key];
    seen.set(keyHash(kind, key), key);
  }
}

async function all(found: AsyncIterable<Found>): Promise<readonly Found[]> {
  const list: Found[] = [];
  for await (const one of found) list.push(one);
  return list;
}
