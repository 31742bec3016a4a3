import assert from "node:assert/strict";
import { appendFile, chmod, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import {
  FakeClock,
  type RecordingLogger,
  recordingLogger,
  rejectsWithCode,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { type OpenedSegment, openSegmentFile, type SegmentFile } from "./file.ts";
import { listSegments, segmentPath } from "./list.ts";
import { SegmentLog, type SegmentLogDeps } from "./log.ts";
import { readLines } from "./reader.ts";

describe("SegmentLog", () => {
  let directory: TemporaryDirectory;
  let path: string;
  let clock: FakeClock;
  let disk: FaultyDisk;
  let log: SegmentLog;
  /** The entries that the log reported as durable, with their indexes. */
  let durable: string[];
  let logger: RecordingLogger;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = directory.join("segment.jsonl");
    clock = new FakeClock();
    logger = recordingLogger();
    disk = new FaultyDisk(path);
    durable = [];
    log = logOf();
  });

  afterEach(async () => {
    await log.stop();
    await directory.remove();
  });

  const logOf = (changes: Partial<SegmentLogDeps> = {}) =>
    new SegmentLog({
      openSegment: () => disk.open(),
      lastSegment: async () => 0,
      maxSegmentBytes: () => 1_000_000,
      onDurable: (entries, first) =>
        durable.push(...entries.map((entry, at) => `${first + at} ${Buffer.from(entry)}`)),
      clock,
      logger,
      ...changes,
    });
  const append = (text: string) => log.append(Buffer.from(text));
  const content = () => readFile(path, "utf8");

  describe("start after a crash", () => {
    it("truncates a torn last line of any length, logs it, and keeps every complete line", async () => {
      for (const torn of ["{", '{"v":1,"kind":"issu', "\0".repeat(4096), "x".repeat(200_000)]) {
        await writeFile(path, `one\ntwo\n${torn}`);
        const reopened = logOf();
        await reopened.start();
        assert.equal(reopened.size, 2);
        await reopened.append(Buffer.from("three"));
        assert.deepEqual(durable.splice(0), ["2 three"]);
        await reopened.stop();
        assert.equal(await content(), "one\ntwo\nthree\n");
        const cut = logger.named("truncated a torn last line of the ledger").at(-1);
        assert.equal(cut?.facts["cutBytes"], torn.length);
      }
    });

    it("starts an empty log when the file contains only a torn first line", async () => {
      await writeFile(path, "torn");
      await log.start();
      await append("one");
      assert.equal(await content(), "one\n");
    });
  });

  describe("on a faulty disk", () => {
    it("rejects entries that it could not write and never reports them as durable", async () => {
      await log.start();
      await append("one");
      disk.fail = "ENOSPC";
      await rejectsWithCode(append("two"), "LEDGER_UNAVAILABLE");
      assert.equal(log.writable, false);
      await rejectsWithCode(append("three"), "LEDGER_UNAVAILABLE");
      assert.equal(disk.writes, 2, "a failed log is not retried for each call");
    });

    it("recovers automatically once there is space, without a trace of the rejected line", async () => {
      await log.start();
      await append("one");
      disk.fail = "EIO";
      // The bytes are in the file, but fsync failed, so they must never count as durable.
      disk.writesBeforeFailing = true;
      await rejectsWithCode(append("lost"), "LEDGER_UNAVAILABLE");
      await clock.runFor(5_000);
      assert.equal(log.writable, false);
      disk.fail = undefined;
      await waitUntil(async () => {
        await clock.runFor(1_000);
        return log.writable;
      });
      await append("two");
      assert.equal(await content(), "one\ntwo\n");
      assert.deepEqual(durable, ["0 one", "1 two"]);
      assert.equal(logger.named("the ledger can be written again").length, 1);
    });

    it("rejects every caller of a failed batch", async () => {
      await log.start();
      disk.fail = "EIO";
      const calls = Array.from({ length: 20 }, (_, i) =>
        rejectsWithCode(append(`line ${i}`), "LEDGER_UNAVAILABLE"),
      );
      await Promise.all(calls);
    });
  });

  it("does not follow symbolic links", async () => {
    await writeFile(directory.join("other"), "");
    await symlink(directory.join("other"), path);
    await assert.rejects(log.start(), { code: "ELOOP" });
  });

  it("serves all waiting callers with one fdatasync", async () => {
    await log.start();
    await Promise.all(Array.from({ length: 500 }, (_, i) => append(`line ${i}`)));
    assert.ok(disk.writes <= 3, `${disk.writes} writes`);
    const lines = (await content()).trimEnd().split("\n");
    assert.deepEqual(
      lines,
      Array.from({ length: 500 }, (_, i) => `line ${i}`),
    );
  });

  it("creates files that only their owner can access", async () => {
    await log.start();
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  it("makes waiting entries durable when it stops, and rejects later ones", async () => {
    await log.start();
    const last = append("last");
    await log.stop();
    await last;
    assert.equal(await content(), "last\n");
    await rejectsWithCode(append("late"), "LEDGER_UNAVAILABLE");
  });

  it("rolls a large enough segment at the end of a bundle without losing entries", async () => {
    const open = (first: number) => openSegmentFile(segmentPath(directory.path, first));
    log = logOf({ openSegment: open, maxSegmentBytes: () => 1 });
    await log.start();
    for (let batch = 0; batch < 10; batch += 1)
      await Promise.all(Array.from({ length: 100 }, (_, i) => append(`entry ${batch * 100 + i}`)));
    const segments = await listSegments(directory.path);
    assert.deepEqual(
      segments.map(({ first }) => first),
      [0, 256, 512, 768],
    );
    const read: string[] = [];
    for await (const { index, line } of readLines(segments, 200)) read.push(`${index} ${line}`);
    assert.deepEqual(
      read,
      Array.from({ length: 800 }, (_, i) => `${200 + i} entry ${200 + i}`),
    );
    assert.deepEqual(durable.slice(200), read);
    await log.stop();
    const again = logOf({ openSegment: open, lastSegment: async () => 768, maxSegmentBytes: () => 1 });
    await again.start();
    assert.equal(again.size, 1_000);
    await again.stop();
  });

  it("continues in the old segment if there was no space for the next", async () => {
    let isFull = false;
    const open = async (first: number) => {
      if (first > 0 && isFull) throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
      return openSegmentFile(segmentPath(directory.path, first));
    };
    log = logOf({ openSegment: open, maxSegmentBytes: () => 1 });
    await log.start();
    await Promise.all(Array.from({ length: 256 }, (_, i) => append(`${i}`)));
    isFull = true;
    await rejectsWithCode(append("refused"), "LEDGER_UNAVAILABLE");
    isFull = false;
    await waitUntil(async () => {
      await clock.runFor(1_000);
      return log.writable;
    });
    await append("next");
    const [, second] = await listSegments(directory.path);
    assert.equal(await readFile(second?.path ?? "", "utf8"), "next\n");
    assert.equal(log.size, 257);
  });

  it("resumes where it stopped", async () => {
    await writeFile(path, "");
    await appendFile(path, "one\n");
    await chmod(path, 0o600);
    await log.start();
    await append("two");
    assert.equal(await content(), "one\ntwo\n");
  });
});

/** The real file with a switch that makes its writes fail like those of a faulty disk. */
class FaultyDisk {
  readonly #path: string;
  fail: string | undefined;
  writesBeforeFailing = false;
  writes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async open(): Promise<OpenedSegment> {
    const opened = await openSegmentFile(this.#path);
    const { file } = opened;
    const writeDurably: SegmentFile["writeDurably"] = async (bytes, position) => {
      this.writes += 1;
      if (this.fail === undefined || this.writesBeforeFailing) await file.writeDurably(bytes, position);
      if (this.fail !== undefined) throw Object.assign(new Error(this.fail), { code: this.fail });
    };
    return {
      ...opened,
      file: { writeDurably, truncateDurably: file.truncateDurably, close: file.close },
    };
  }
}

async function waitUntil(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await holds()) return;
    await delay(5);
  }
  assert.fail("the condition was never met");
}
