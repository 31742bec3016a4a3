import assert from "node:assert/strict";
import { utimes, writeFile } from "node:fs/promises";
import {
  FakeClock,
  type ManualSweep,
  manualSweep,
  recordingLogger,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { encodeEntry } from "./entry/encode-entry.ts";
import { type Pruning, Retention } from "./retention.ts";
import { listSegments, segmentPath } from "./segments/list.ts";

const dayMs = 86_400_000;

describe("Retention", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let hour: ManualSweep;
  let minute: ManualSweep;
  let excess: number;
  let freed: number;
  let signed: number;
  let held: string | undefined;
  let recorded: Pruning[];
  let isInTree: boolean;
  let retention: Retention;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    [held, recorded, isInTree] = [undefined, [], true];
    [minute, excess, freed] = [manualSweep(), 0, 0];
    [clock, hour, signed] = [new FakeClock("2030-01-01T00:00:00Z"), manualSweep(), 10_000];
    retention = new Retention({
      directory: directory.path,
      retentionMs: 30 * dayMs,
      signedSize: () => signed,
      excessBytes: async () => excess - freed,
      sweeps: { age: hour.sweep, size: minute.sweep },
      holds: () => held,
      record: async (pruning) => {
        recorded.push(pruning);
        if (pruning.reason === "size") freed = excess;
      },
      isInTree: async () => isInTree,
      clock,
      logger: recordingLogger(),
    });
    for (const [first, age] of [
      [0, 50],
      [256, 40],
      [512, 20],
      [768, 60],
    ] as const)
      await segment(first, age);
  });

  afterEach(async () => {
    await retention.stop();
    await directory.remove();
  });

  async function segment(first: number, ageDays: number): Promise<void> {
    const path = segmentPath(directory.path, first);
    await writeFile(path, "{}\n");
    const at = new Date(clock.now().getTime() - ageDays * dayMs);
    await utimes(path, at, at);
  }
  const left = async () => (await listSegments(directory.path)).map(({ first }) => first);

  it("never deletes the current segment, nor one between others", async () => {
    await retention.start();
    await retention.settled();
    assert.deepEqual(await left(), [512, 768]);
    await clock.advance(100 * dayMs);
    hour.tick();
    await retention.settled();
    assert.deepEqual(await left(), [768]);
  });

  it("deletes nothing while something holds", async () => {
    held = "the clock is 366 days ahead";
    await retention.start();
    await retention.settled();
    assert.deepEqual(await left(), [0, 256, 512, 768]);
    held = undefined;
    hour.tick();
    await retention.settled();
    assert.deepEqual(await left(), [512, 768]);
  });

  it("keeps a file that a wrong clock dated in 1970 as long as its last entry", async () => {
    const path = segmentPath(directory.path, 0);
    const lastAt = async (ageDays: number) => {
      const time = new Date(clock.now().getTime() - ageDays * dayMs).toISOString();
      const entry = { v: 1, kind: "operator", time, act: "pause", outcome: "accepted" } as const;
      await writeFile(path, Buffer.concat([Buffer.from("{}\n"), encodeEntry(entry), Buffer.from("\n")]));
      await utimes(path, new Date(0), new Date(0));
    };
    await lastAt(29);
    await retention.start();
    await retention.settled();
    assert.deepEqual(await left(), [0, 256, 512, 768]);
    await lastAt(31);
    hour.tick();
    await retention.settled();
    assert.deepEqual(await left(), [512, 768]);
  });

  it("measures the size on request, once for simultaneous requests, and never after it has stopped", async () => {
    signed = 300;
    await retention.start();
    await retention.settled();
    [signed, excess] = [600, 1];
    for (let request = 0; request < 3; request += 1) retention.lookAtSize();
    await retention.settled();
    assert.deepEqual(await left(), [512, 768]);
    await retention.stop();
    [signed, freed] = [10_000, 0];
    retention.lookAtSize();
    await retention.settled();
    assert.deepEqual(await left(), [512, 768]);
  });

  it("records what it deletes before it deletes it, and deletes nothing if that fails", async () => {
    await retention.start();
    await retention.settled();
    assert.deepEqual(recorded, [{ first: 512, entries: 512, newest: undefined, reason: "age" }]);
    recorded.push = () => {
      throw new Error("ENOSPC");
    };
    await clock.advance(100 * dayMs);
    hour.tick();
    await retention.settled();
    assert.deepEqual(await left(), [512, 768]);
  });

  it("keeps a segment whose last entry is not the one in the tree", async () => {
    isInTree = false;
    await retention.start();
    await retention.settled();
    assert.deepEqual(await left(), [0, 256, 512, 768]);
    assert.deepEqual(recorded, []);
  });

  it("never deletes entries that no checkpoint covers", async () => {
    signed = 300;
    await retention.start();
    await retention.settled();
    assert.deepEqual(await left(), [256, 512, 768]);
  });

  it("never deletes entries younger than the retention period, to the second", async () => {
    await segment(0, 30);
    await retention.start();
    await retention.settled();
    assert.deepEqual(await left(), [0, 256, 512, 768]);
    await clock.advance(1_000);
    hour.tick();
    await retention.settled();
    assert.deepEqual(await left(), [512, 768]);
  });

  describe("of a ledger that takes more than its limit", () => {
    const pruneExcess = async (bytes: number) => {
      await retention.start();
      await retention.settled();
      recorded.length = 0;
      [excess, freed] = [bytes, 0];
      minute.tick();
      await retention.settled();
    };

    it("deletes the oldest segments, however young, until enough bytes are free, and records the reason", async () => {
      await pruneExcess(1);
      assert.deepEqual(await left(), [768]);
      assert.deepEqual(recorded, [{ first: 768, entries: 256, newest: undefined, reason: "size" }]);
    });

    it("deletes no more than is needed", async () => {
      for (const first of [1024, 1280, 1536]) await segment(first, 1);
      await pruneExcess(6);
      assert.deepEqual(await left(), [1024, 1280, 1536]);
    });

    it("keeps the current segment, segments without a checkpoint, and those that were changed", async () => {
      await pruneExcess(1_000_000);
      assert.deepEqual(await left(), [768]);
      await segment(1024, 1);
      signed = 1000;
      await pruneExcess(1_000_000);
      assert.deepEqual(await left(), [768, 1024]);
      [signed, isInTree] = [10_000, false];
      await pruneExcess(1_000_000);
      assert.deepEqual(await left(), [768, 1024]);
    });

    it("deletes them even while the clock is in doubt, because it does not depend on the time", async () => {
      held = "the clock is 366 days ahead";
      await pruneExcess(1);
      assert.deepEqual(await left(), [256, 512, 768]);
    });
  });
});
