import assert from "node:assert/strict";
import { FakeClock } from "@kasbah/testkit";
import { Loop } from "./loop.ts";

describe("Loop", () => {
  let clock: FakeClock;
  let passes: number[];
  let pauseMs: number | undefined;
  let loop: Loop;

  beforeEach(() => {
    clock = new FakeClock();
    passes = [];
    pauseMs = 1_000;
    loop = new Loop({
      clock,
      pass: async () => {
        passes.push(clock.monotonicMs());
        return pauseMs;
      },
    });
  });
  afterEach(() => loop.stop());

  const sinceStart = () => passes.map((ms) => ms - (passes[0] ?? 0));

  it("repeats its pass after each pause that the pass returns", async () => {
    loop.start();
    await clock.advance(1_000);
    pauseMs = 300;
    await clock.advance(1_600);
    assert.deepEqual(sinceStart(), [0, 1_000, 2_000, 2_300, 2_600]);
  });

  it("delays its first pass by the given time", async () => {
    const startedMs = clock.monotonicMs();
    loop.start(500);
    await clock.advance(499);
    assert.deepEqual(passes, []);
    await clock.advance(1);
    assert.deepEqual(passes, [startedMs + 500]);
  });

  it("passes without a pause while the pass returns 0", async () => {
    pauseMs = 0;
    const counted = new Loop({
      clock,
      pass: async () => (passes.push(0) < 3 ? 0 : Number.POSITIVE_INFINITY),
    });
    counted.start();
    await clock.advance(1);
    assert.equal(passes.length, 3);
    await counted.stop();
  });

  it("ends when its pass returns undefined", async () => {
    pauseMs = undefined;
    loop.start();
    await clock.advance(10_000);
    assert.equal(passes.length, 1);
    assert.equal(clock.sleeping, 0);
  });

  it("passes immediately when it is woken during a pause, and then pauses in full", async () => {
    loop.start();
    await clock.advance(400);
    loop.wake();
    await clock.advance(1_000);
    assert.deepEqual(sinceStart(), [0, 400, 1_400]);
  });

  it("passes again without a pause when it is woken during a pass", async () => {
    const busy = Promise.withResolvers<void>();
    let count = 0;
    const slow = new Loop({
      clock,
      pass: async () => {
        count += 1;
        await busy.promise;
        return Number.POSITIVE_INFINITY;
      },
    });
    slow.start();
    slow.wake();
    slow.wake();
    busy.resolve();
    await clock.advance(1);
    assert.equal(count, 2);
    await slow.stop();
  });

  it("stops during a pause without another pass and leaves no sleeper behind", async () => {
    loop.start();
    await clock.advance(10);
    await loop.stop();
    await clock.advance(10_000);
    assert.equal(passes.length, 1);
    assert.equal(clock.sleeping, 0);
    assert.equal(loop.signal.aborted, true);
  });

  it("waits for the pass in progress when it stops, and aborts its signal", async () => {
    const busy = Promise.withResolvers<void>();
    let seen: AbortSignal | undefined;
    const slow = new Loop({
      clock,
      pass: async (signal) => {
        seen = signal;
        await busy.promise;
        return 0;
      },
    });
    slow.start();
    let isStopped = false;
    const stopped = slow.stop().then(() => {
      isStopped = true;
    });
    await clock.advance(1);
    assert.deepEqual([isStopped, seen?.aborted], [false, true]);
    busy.resolve();
    await stopped;
  });

  it("stops when it was never started", async () => {
    await loop.stop();
    loop.start();
    await clock.advance(10_000);
    assert.deepEqual(passes, []);
  });
});
