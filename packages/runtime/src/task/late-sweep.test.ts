import assert from "node:assert/strict";
import { eventually, FakeClock, manualSweep } from "@kasbah/testkit";
import { lateSweep } from "./late-sweep.ts";

describe("lateSweep", () => {
  function scene() {
    const clock = new FakeClock();
    const seen = { loads: 0, checks: 0 };
    const manual = manualSweep();
    const sweep = lateSweep(clock, async () => {
      seen.loads += 1;
      return manual.sweep;
    });
    const check = () => {
      seen.checks += 1;
    };
    return { clock, seen, manual, sweep, check };
  }

  it("loads the sweep after a second, which then checks until it is stopped", async () => {
    const { clock, seen, manual, sweep, check } = scene();
    const sweeping = sweep(check);
    await clock.advance(999);
    assert.equal(seen.loads, 0);
    await clock.advance(1);
    await eventually(() => manual.running === 1);
    manual.tick();
    assert.deepEqual(seen, { loads: 1, checks: 1 });
    sweeping.stop();
    assert.equal(manual.running, 0);
  });

  it("loads nothing if it is stopped within the second", async () => {
    const { clock, seen, sweep, check } = scene();
    sweep(check).stop();
    await clock.advance(2_000);
    assert.deepEqual(seen, { loads: 0, checks: 0 });
  });

  it("tries again a minute after the code could not be loaded, as without a free descriptor", async () => {
    const clock = new FakeClock();
    const manual = manualSweep();
    let loads = 0;
    const sweep = lateSweep(clock, async () => {
      loads += 1;
      if (loads === 1) throw Object.assign(new Error("too many open files"), { code: "EMFILE" });
      return manual.sweep;
    });
    const sweeping = sweep(() => undefined);
    await clock.runFor(1_000);
    assert.equal(loads, 1);
    await clock.runFor(60_000);
    await eventually(() => manual.running === 1);
    assert.equal(loads, 2);
    sweeping.stop();
  });
});
