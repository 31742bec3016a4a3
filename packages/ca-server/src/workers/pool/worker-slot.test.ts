import assert from "node:assert/strict";
import { FakeClock, type RecordingLogger, recordingLogger } from "@kasbah/testkit";
import type { WorkerEnd, WorkerProcess } from "./worker-process.ts";
import { WorkerSlot } from "./worker-slot.ts";

const killed: WorkerEnd = { code: null, signal: "SIGKILL", reason: undefined };

describe("WorkerSlot", () => {
  let clock: FakeClock;
  let logger: RecordingLogger;
  let replaced: number;
  let started: ((end: WorkerEnd) => void)[];
  let slot: WorkerSlot;
  let failure: Error | undefined;

  beforeEach(() => {
    [clock, logger, replaced, started] = [new FakeClock(), recordingLogger(), 0, []];
    failure = undefined;
    slot = new WorkerSlot({
      start: (onEnded) => {
        if (failure !== undefined) throw failure;
        const worker = { pid: started.length + 1 } as WorkerProcess;
        started.push((end) => onEnded(worker, end));
        return worker;
      },
      onReplaced: () => {
        replaced += 1;
      },
      roll: () => 0.999,
      ...{ clock, logger },
    });
    slot.start();
  });

  const endLast = async () => {
    started.at(-1)?.(killed);
    await new Promise((resolve) => setImmediate(resolve));
  };

  it("replaces a worker at once, counts it and logs why it ended", async () => {
    await endLast();
    assert.deepEqual([started.length, replaced, slot.worker?.pid], [2, 1, 2]);
    assert.deepEqual(logger.named("worker ended")[0]?.facts, { workerPid: 1, ...killed });
    assert.equal(slot.keepsEnding, false);
  });

  it("waits longer and longer if workers keep ending, and reports that", async () => {
    const waits: number[] = [];
    for (let lives = 0; lives < 6; lives += 1) {
      const before = started.length;
      await endLast();
      let waited = 0;
      while (started.length === before) {
        waited += 100;
        await clock.advance(100);
      }
      waits.push(waited);
    }
    assert.deepEqual(waits, [0, 400, 800, 1_600, 3_200, 6_400]);
    assert.equal(slot.keepsEnding, true);
  });

  it("starts over once a worker has run for a while", async () => {
    for (let lives = 0; lives < 4; lives += 1) {
      await endLast();
      await clock.advance(10_000);
    }
    assert.equal(slot.keepsEnding, true);
    await clock.advance(60_000);
    const before = started.length;
    await endLast();
    assert.deepEqual([started.length, slot.keepsEnding], [before + 1, false]);
  });

  it("tries again later if no process can be started", async () => {
    failure = new Error("spawn ENOMEM");
    await endLast();
    assert.deepEqual([slot.worker, slot.keepsEnding], [undefined, false]);
    assert.equal(logger.named("worker ended")[1]?.facts["reason"], "spawn ENOMEM");
    await clock.advance(30_000);
    assert.deepEqual([slot.worker, slot.keepsEnding], [undefined, true]);
    failure = undefined;
    await clock.advance(10_000);
    assert.equal(slot.worker?.pid, 2);
  });

  it("starts no worker after a stop", async () => {
    slot.stop();
    await endLast();
    await clock.advance(60_000);
    assert.deepEqual([started.length, replaced, logger.named("worker ended").length], [1, 0, 0]);
  });
});
