import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { FakeClock } from "./clock.ts";

describe("FakeClock", () => {
  it("wakes sleepers at their time, in order of due time and then of call", async () => {
    const clock = new FakeClock("2030-01-01T00:00:00Z");
    const woken: string[] = [];
    const sleep = async (name: string, ms: number) => {
      await clock.sleep(ms);
      woken.push(`${name}@${clock.monotonicMs()}`);
    };
    void sleep("late", 300);
    void sleep("early", 100);
    void sleep("also early", 100);
    await clock.advance(299);
    assert.deepEqual(woken, ["early@100", "also early@100"]);
    await clock.advance(1);
    assert.deepEqual(woken, ["early@100", "also early@100", "late@300"]);
    assert.equal(clock.now().toISOString(), "2030-01-01T00:00:00.300Z");
  });

  it("wakes sleeps that start while the clock advances, so that loops make progress", async () => {
    const clock = new FakeClock();
    let rounds = 0;
    const loop = async () => {
      for (;;) {
        await clock.sleep(10);
        rounds += 1;
      }
    };
    void loop();
    await clock.advance(1000);
    assert.equal(rounds, 100);
  });

  it("lets real I/O finish between sleepers in runFor", async () => {
    const clock = new FakeClock();
    let done = 0;
    const loop = async () => {
      for (;;) {
        await clock.sleep(1000);
        await new Promise((resolve) => setImmediate(resolve));
        done += 1;
      }
    };
    void loop();
    await clock.runFor(5000);
    assert.equal(done, 5);
  });

  it("moves only the wall clock on a jump, in both directions", async () => {
    const clock = new FakeClock("2030-01-01T00:00:00Z");
    let woken = false;
    void clock.sleep(1000).then(() => {
      woken = true;
    });
    clock.jump(3_600_000);
    await clock.advance(0);
    assert.equal(woken, false);
    clock.jump(-7_200_000);
    assert.equal(clock.now().toISOString(), "2029-12-31T23:00:00.000Z");
    assert.equal(clock.monotonicMs(), 0);
  });

  it("rejects with the signal's reason and removes the sleeper and the listener", async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const sleep = clock.sleep(1000, stop.signal);
    assert.equal(clock.sleeping, 1);
    stop.abort("enough");
    await assert.rejects(sleep, (reason) => reason === "enough");
    await assert.rejects(clock.sleep(1, stop.signal), (reason) => reason === "enough");
    assert.equal(clock.sleeping, 0);
    assert.equal(getEventListeners(stop.signal, "abort").length, 0);
  });
});
