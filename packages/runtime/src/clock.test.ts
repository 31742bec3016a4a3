import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { systemClock } from "./clock.ts";

describe("systemClock", () => {
  it("does not shorten a sleep that is longer than the longest timer", async () => {
    const stop = new AbortController();
    const sleep = systemClock.sleep(2 ** 31 + 1000, stop.signal);
    const early = await Promise.race([sleep.then(() => true), systemClock.sleep(50).then(() => false)]);
    stop.abort(new Error("enough"));
    await assert.rejects(sleep, /enough/);
    assert.equal(early, false);
  });

  it("rejects immediately with the reason of a signal that is already aborted", async () => {
    const reason = new Error("gone");
    await assert.rejects(systemClock.sleep(60_000, AbortSignal.abort(reason)), (error) => error === reason);
  });

  it("rejects with the reason of a signal that aborts later, and sleeps without a limit for Infinity", async () => {
    const stop = new AbortController();
    const sleep = systemClock.sleep(Number.POSITIVE_INFINITY, stop.signal);
    stop.abort("stopped");
    await assert.rejects(sleep, (reason) => reason === "stopped");
  });

  it("refuses to sleep for NaN milliseconds", () => {
    assert.throws(() => systemClock.sleep(Number.NaN), RangeError);
  });

  it("leaves no listener on the signal, however the sleep ends", async () => {
    const stop = new AbortController();
    await systemClock.sleep(1, stop.signal);
    await systemClock.sleep(-5, stop.signal);
    assert.equal(getEventListeners(stop.signal, "abort").length, 0);
    const sleep = systemClock.sleep(60_000, stop.signal);
    assert.equal(getEventListeners(stop.signal, "abort").length, 1);
    stop.abort();
    await assert.rejects(sleep);
    assert.equal(getEventListeners(stop.signal, "abort").length, 0);
  });

  it("counts the time since boot in step with its monotonic clock while the machine is awake", async () => {
    // Each reading of the boot time lies between two of the monotonic clock, however slow the machine is.
    const reading = () =>
      [systemClock.monotonicMs(), systemClock.bootMs(), systemClock.monotonicMs()] as const;
    const [earliest, bootBefore, latest] = reading();
    await systemClock.sleep(200);
    const [before, boot, after] = reading();
    const passedMs = boot - bootBefore;
    const resolutionMs = 20;
    assert.ok(passedMs >= before - latest - resolutionMs && passedMs <= after - earliest + resolutionMs);
  });

  it("never sleeps for less than the requested time by its monotonic clock", async () => {
    const before = systemClock.monotonicMs();
    await systemClock.sleep(15);
    assert.ok(systemClock.monotonicMs() - before >= 15);
  });
});
