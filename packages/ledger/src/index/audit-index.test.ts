import assert from "node:assert/strict";
import { chown, mkdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { authorityStage, issued, noon, refused, sha256, spiffe, WrittenLedger } from "@kasbah/testkit/ledger";
import { AuditIndex } from "./audit-index.ts";
import { catchUp, fits, takeNew } from "./catch-up.ts";
import { isDamaged } from "./file.ts";
import { secondOf } from "./rows.ts";
import { bucketSize } from "./schema.ts";

const at = (ms: number) => secondOf(ms);
const iso = (ms: number) => new Date(ms).toISOString();

describe("AuditIndex", () => {
  let ledger: WrittenLedger;
  let open: AuditIndex[];

  beforeEach(async () => {
    ledger = await WrittenLedger.make();
    open = [];
  });
  afterEach(async () => {
    for (const index of open) index.close();
    await ledger.remove();
  });

  /** An index of all entries of the ledger. */
  async function indexed(): Promise<AuditIndex> {
    const index = opened();
    await catchUp(index, () => ledger.segments());
    return index;
  }

  function opened(): AuditIndex {
    const index = AuditIndex.open(ledger.directory.index);
    open.push(index);
    return index;
  }

  function closeAll(): void {
    for (const index of open.splice(0)) index.close();
  }

  const found = (index: AuditIndex, name: string, ms = noon) =>
    index.find.heldAt(spiffe(name), at(ms), 100).map((place) => place.index);

  describe("open of an unusable index", () => {
    const damages: Record<string, (path: string) => Promise<unknown>> = {
      "is deleted": (path) => rm(path),
      "is empty": (path) => truncate(path),
      "is garbage": (path) => writeFile(path, "garbage".repeat(1000)),
      "is a truncated database": (path) => truncate(path, 4096),
      "is garbage behind its header": async (path) => {
        const bytes = await readFile(path);
        await writeFile(path, bytes.fill(0xa5, 100));
      },
      "has another version": async (path) => {
        const database = new DatabaseSync(path);
        database.exec("PRAGMA user_version = 99");
        database.close();
      },
    };
    for (const [what, damage] of Object.entries(damages)) {
      it(`recreates an index that ${what}`, async () => {
        const certificate = issued();
        await ledger.write(issued({ spiffeId: spiffe("backend") }), certificate);
        await indexed();
        closeAll();
        await damage(ledger.directory.index);
        const index = await indexed();
        assert.equal(index.size, 2);
        assert.deepEqual(found(index, "frontend"), [1]);
        assert.equal((await stat(ledger.directory.index)).mode & 0o777, 0o600);
      });
    }

    it("does not reuse the write-ahead log of a deleted index", async () => {
      await ledger.write(issued());
      await indexed();
      await rm(ledger.directory.index);
      await ledger.write(issued({ spiffeId: spiffe("backend") }));
      const index = await indexed();
      assert.deepEqual([index.size, ...found(index, "backend"), ...found(index, "frontend")], [2, 1, 0]);
    });

    it("reports damage that is found later", async () => {
      await ledger.write(...Array.from({ length: 200 }, () => issued()));
      await indexed();
      closeAll();
      const bytes = await readFile(ledger.directory.index);
      await writeFile(ledger.directory.index, bytes.fill(0xa5, 8192));
      const index = opened();
      assert.throws(() => found(index, "frontend"), isDamaged);
    });

    it("starts over when it is ahead of the segments", async () => {
      await ledger.write(issued(), issued(), issued());
      await indexed();
      const [segment] = await ledger.segments();
      const bytes = await readFile(segment?.path ?? "");
      await truncate(segment?.path ?? "", bytes.indexOf("\n") + 1);
      const index = await indexed();
      assert.equal(index.size, 1);
      assert.deepEqual(found(index, "frontend"), [0]);
    });

    it("starts over when the segments contain other entries or none", async () => {
      await ledger.write(issued());
      await indexed();
      const [segment] = await ledger.segments();
      await rm(segment?.path ?? "");
      await ledger.write(issued({ spiffeId: spiffe("backend") }));
      const index = await indexed();
      assert.deepEqual([found(index, "frontend"), found(index, "backend")], [[], [0]]);
      await rm(segment?.path ?? "");
      await catchUp(index, () => ledger.segments());
      assert.equal(index.size, 0);
    });

    it("neither creates nor changes an index that it opens read-only", async () => {
      assert.throws(() => AuditIndex.open(ledger.directory.index, { readOnly: true }));
      await assert.rejects(stat(ledger.directory.index));
      await ledger.write(issued());
      await indexed();
      const index = AuditIndex.open(ledger.directory.index, { readOnly: true });
      open.push(index);
      assert.throws(() => index.add([]), TypeError);
      assert.deepEqual(found(index, "frontend"), [0]);
    });

    it("reads an index where SQLite cannot write next to it", async () => {
      await ledger.write(issued());
      await indexed();
      closeAll();
      const { index: path } = ledger.directory;
      // As on a read-only mount, SQLite cannot create its shared memory.
      await mkdir(`${path}-shm`);
      const index = AuditIndex.open(path, { readOnly: true });
      open.push(index);
      assert.deepEqual(found(index, "frontend"), [0]);
    });

    it("gives the index the owner of the ledger, regardless of the user that creates it", async function () {
      if (process.getuid?.() !== 0) this.skip();
      await chown(ledger.directory.path, 65_534, 65_534);
      await ledger.write(issued());
      await indexed();
      for (const suffix of ["", "-wal", "-shm"])
        assert.equal((await stat(`${ledger.directory.index}${suffix}`)).uid, 65_534, suffix);
    });
  });

  describe("catchUp", () => {
    it("counts unreadable lines and continues", async () => {
      await ledger.write(issued(), "", "{}", '{"v":9}', "\0".repeat(100_000), issued());
      const index = await indexed();
      assert.deepEqual([index.size, index.state.unreadable], [6, 4]);
      assert.deepEqual(found(index, "frontend"), [5, 0]);
    });

    it("ignores a torn tail until it is complete", async () => {
      const line = JSON.stringify(issued({ v: 1 }));
      await ledger.writeBytes(line.slice(0, 100));
      const index = await indexed();
      assert.equal(index.size, 0);
      await ledger.writeBytes(`${line.slice(100)}\n`);
      await catchUp(index, () => ledger.segments());
      assert.deepEqual([index.size, index.state.unreadable], [1, 0]);
    });

    it("indexes no entry that its writer may still truncate", async () => {
      await ledger.write(issued(), issued(), issued());
      const index = opened();
      await catchUp(index, () => ledger.segments(), { end: 2 });
      assert.equal(index.size, 2);
    });

    it("continues across segments and past an unread segment that was deleted", async () => {
      await ledger.write(issued());
      const index = await indexed();
      ledger.roll();
      await ledger.write(issued(), issued());
      await catchUp(index, () => ledger.segments());
      assert.deepEqual(found(index, "frontend"), [2, 1, 0]);
      ledger.roll();
      await ledger.write(issued());
      ledger.roll();
      await ledger.write(issued());
      const segments = await ledger.segments();
      await rm(segments[2]?.path ?? "");
      await catchUp(index, async () => segments);
      assert.deepEqual([index.size, ...found(index, "frontend")], [5, 4, 2, 1, 0]);
    });

    it("removes the entries that retention deleted, indexed or not", async () => {
      await ledger.write(issued({ spiffeId: spiffe("old") }));
      ledger.roll();
      await ledger.write(issued(), issued());
      const index = await indexed();
      await rm((await ledger.segments())[0]?.path ?? "");
      await catchUp(index, () => ledger.segments());
      assert.deepEqual([index.state.first, found(index, "old"), found(index, "frontend")], [1, [], [2, 1]]);
      ledger.roll();
      await ledger.write(issued());
      ledger.roll();
      await ledger.write(issued());
      for (const segment of (await ledger.segments()).slice(0, 2)) await rm(segment.path);
      await catchUp(index, () => ledger.segments());
      assert.deepEqual([index.size, index.state.first, found(index, "frontend")], [5, 4, [4]]);
      assert.equal(await fits(index.state, await ledger.segments()), true);
    });

    it("waits at the end of the deleted entries without starting over", async () => {
      const state = { size: 5, first: 5, unreadable: 0, lastDigest: Buffer.alloc(8), last: undefined };
      const segment = { first: 5, path: ledger.directory.segments, bytes: 0 };
      assert.equal(await fits(state, [segment]), true);
      assert.equal(await fits(state, [{ ...segment, first: 4 }]), false);
    });

    it("indexes each entry once when several processes index at the same time", async () => {
      await ledger.write(...Array.from({ length: 3_000 }, () => issued()));
      const [one, two] = [opened(), opened()];
      const segments = await ledger.segments();
      await Promise.all([one, two].map((index) => catchUp(index, async () => segments, { yieldEvery: 7 })));
      assert.deepEqual([one.size, two.size], [3_000, 3_000]);
      assert.equal(one.find.heldAt(spiffe("frontend"), at(noon), 10_000).length, 3_000);
    });

    it("leaves no gap when another process recreates the index meanwhile", async () => {
      await ledger.write(...Array.from({ length: 40 }, () => issued()));
      const [one, two] = [opened(), opened()];
      const segments = await ledger.segments();
      let isReset = false;
      const onProgress = () => {
        if (!isReset) two.reset();
        isReset = true;
      };
      await catchUp(one, async () => segments, { yieldEvery: 10, onProgress });
      assert.equal(found(one, "frontend").length, 40);
    });

    it("reports progress and stops when aborted", async () => {
      await ledger.write(...Array.from({ length: 100 }, () => issued()));
      const index = opened();
      const stop = new AbortController();
      const reported: number[] = [];
      const onProgress = ({
        size,
        bytes,
        totalBytes,
      }: {
        size: number;
        bytes: number;
        totalBytes: number;
      }) => {
        reported.push(size);
        assert.ok(bytes > 0 && bytes <= totalBytes);
        if (size === 20) stop.abort(new Error("enough"));
      };
      const caught = catchUp(index, () => ledger.segments(), {
        yieldEvery: 10,
        onProgress,
        signal: stop.signal,
      });
      await assert.rejects(caught, /enough/);
      assert.deepEqual(reported, [10, 20]);
    });

    it("indexes in memory the entries that are missing from another index", async () => {
      await ledger.write(issued(), issued());
      const index = AuditIndex.inMemory(1);
      open.push(index);
      await takeNew(index, await ledger.segments());
      assert.deepEqual(found(index, "frontend"), [1]);
    });
  });

  describe("queries", () => {
    it("counts both end seconds as part of a validity, and no others", async () => {
      await ledger.write(issued());
      const index = await indexed();
      const [begin, end] = [noon - 120_000, noon + 3_600_000];
      for (const [instant, holds] of [
        [begin - 1, false],
        [begin, true],
        [end, true],
        [end + 999, true],
        [end + 1_000, false],
      ] as const)
        assert.equal(found(index, "frontend", instant).length, holds ? 1 : 0, iso(instant));
    });

    it("distinguishes names with a common prefix and names that are special to JavaScript or SQL", async () => {
      const names = ["a", "a-b", "a.b", "__proto__", "constructor", "%", "_", "'; DROP TABLE keys; --"];
      await ledger.write(...names.map((name) => issued({ spiffeId: spiffe(name) })));
      const index = await indexed();
      for (const [place, name] of names.entries()) assert.deepEqual(found(index, name), [place], name);
      assert.deepEqual(found(index, "toString"), []);
      assert.deepEqual([...index.find.namesWith(spiffe("a"))], ["a", "a-b", "a.b"].map(spiffe));
    });

    it("returns up to the limit of newest certificates of a name with ten thousand", async () => {
      await ledger.write(...Array.from({ length: 10_000 }, () => issued()));
      const index = await indexed();
      assert.deepEqual(found(index, "frontend")[0], 9_999);
      assert.equal(index.find.heldAt(spiffe("frontend"), at(noon), 7).length, 7);
      const [oldest] = index.find.issuedTo(spiffe("frontend"), "oldest", 1);
      assert.equal(oldest?.index, 0);
    });

    it("finds entries in every bucket by each of their keys", async () => {
      const entries = Array.from({ length: 30 }, () => issued());
      for (const [count, entry] of entries.entries()) {
        await ledger.write(entry);
        // Simulates that retention has deleted most entries of many buckets.
        ledger.size = (count + 1) * bucketSize;
        ledger.roll();
      }
      const denied = refused();
      await ledger.write(denied);
      const index = await indexed();
      for (const place of [0, 13, 29]) {
        const entry = entries[place] ?? assert.fail();
        for (const [kind, key] of [
          ["reference", entry.referenceId],
          ["serial", entry.serial],
          ["fingerprint", entry.fingerprint],
          ["spki", entry.spkiHash],
        ] as const)
          assert.deepEqual(
            index.find.withKey(kind, key).map((one) => one.index),
            [place * bucketSize],
            kind,
          );
      }
      assert.equal(index.find.withKey("reference", denied.referenceId)[0]?.index, 30 * bucketSize);
      assert.deepEqual(index.find.withKey("serial", denied.referenceId), []);
    });

    it("lists the newest unexpired certificate of each name and pod", async () => {
      const pod = (uid: string) => ({ caller: { ...issued().caller, pod: { name: uid, uid } } });
      const { pod: _, ...withoutPod } = issued().caller;
      await ledger.write(
        issued(pod("one")),
        issued(pod("two")),
        issued({ ...pod("one"), notAfter: iso(noon - 1_000) }),
        issued(pod("two")),
        issued({ caller: withoutPod }),
        issued({ ...pod("one"), spiffeId: spiffe("backend") }),
        issued({ spiffeId: spiffe("gone"), notAfter: iso(noon - 1_000) }),
      );
      const index = await indexed();
      assert.deepEqual(
        [...index.find.liveAt(at(noon))].map((place) => place.index),
        [0, 3, 4, 5],
      );
    });

    it("gives the newest unexpired certificate of each name per bucket, newest bucket first", async () => {
      await ledger.write(
        issued({ spiffeId: spiffe("gone"), notAfter: iso(noon - 1_000) }),
        issued({ spiffeId: spiffe("a"), notAfter: iso(noon + 9_000) }),
        issued({ spiffeId: spiffe("a"), notAfter: iso(noon + 5_000) }),
        issued({ spiffeId: spiffe("b") }),
      );
      ledger.size = bucketSize;
      ledger.roll();
      await ledger.write(issued({ spiffeId: spiffe("b"), notAfter: iso(noon + 7_000) }), refused());
      const index = await indexed();
      const batches = [...index.find.newestOfNames(at(noon))];
      assert.deepEqual(
        batches.map((batch) =>
          batch.map(({ spiffeId, index: place, notAfterMs }) => [spiffeId, place, notAfterMs - noon]),
        ),
        [
          [[spiffe("b"), bucketSize, 7_000]],
          [
            [spiffe("a"), 2, 5_000],
            [spiffe("b"), 3, 3_600_000],
          ],
        ],
      );
    });

    it("finds the names that have had a certificate", async () => {
      await ledger.write(issued(), refused({ spiffeId: spiffe("backend") }));
      const index = await indexed();
      assert.equal(index.find.isNameKnown(spiffe("frontend")), true);
      assert.equal(index.find.isNameKnown(spiffe("backend")), false);
    });

    it("finds the last stage of each authority", async () => {
      const other = sha256("other");
      await ledger.write(
        authorityStage(),
        authorityStage({ fingerprint: other }),
        authorityStage({ stage: "retiring" }),
      );
      const index = await indexed();
      assert.deepEqual(
        index.find.authorities().map((place) => place.index),
        [1, 2],
      );
      assert.equal(index.find.authority(other)?.index, 1);
      assert.equal(index.find.authority(sha256("none")), undefined);
    });

    it("finds the entries of a period even if the clock was set back", async () => {
      const hours = [0, 1, 2, -5, 3];
      for (const [count, hour] of hours.entries()) {
        await ledger.write(refused({ time: iso(noon + hour * 3_600_000) }));
        ledger.size = (count + 1) * bucketSize;
        ledger.roll();
      }
      const index = await indexed();
      const span = (from: number, to: number) => {
        const ends = index.find.span(noon + from * 3_600_000, noon + to * 3_600_000);
        return ends && [Math.floor(ends.from / bucketSize), Math.floor(ends.to / bucketSize)];
      };
      assert.deepEqual(span(1, 2), [1, 2]);
      assert.deepEqual(span(-6, -5), [3, 3]);
      assert.deepEqual(span(-6, 0), [0, 3]);
      assert.equal(span(4, 5), undefined);
    });
  });
});
