import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { FakeClock, manualSweep } from "@kasbah/testkit";
import { cronSweep } from "./cron-sweep.ts";
import { createScheduler, type Sweep } from "./scheduler.ts";

const dayMs = 86_400_000;

function setUp() {
  const clock = new FakeClock();
  const sweep = manualSweep();
  const stop = new AbortController();
  const scheduler = createScheduler(clock, sweep.sweep);
  const wait = (ms: number) => {
    const seen = { due: false };
    const instant = new Date(clock.now().getTime() + ms);
    const done = scheduler.waitUntil(instant, stop.signal).then(() => {
      seen.due = true;
    });
    return Object.assign(seen, { done });
  };
  return { clock, sweep, stop, scheduler, wait };
}

describe("createScheduler", () => {
  it("rejects an invalid date instead of waiting forever", async () => {
    const { scheduler, stop } = setUp();
    await assert.rejects(scheduler.waitUntil(new Date(Number.NaN), stop.signal), RangeError);
  });

  it("wakes on the sweep when the wall clock jumped over the instant while timers were suspended", async () => {
    const { clock, sweep, wait } = setUp();
    const waiting = wait(12 * 3_600_000);
    await clock.advance(1000);
    clock.jump(13 * 3_600_000);
    sweep.tick();
    await waiting.done;
    assert.equal(sweep.running, 0);
    assert.equal(clock.sleeping, 0);
  });

  it("notices a jump within one slice of thirty seconds without any sweep", async () => {
    const { clock, wait } = setUp();
    const waiting = wait(dayMs);
    await clock.advance(1000);
    clock.jump(dayMs);
    await clock.advance(30_000);
    assert.equal(waiting.due, true);
  });

  it("keeps waiting when the wall clock is stepped back", async () => {
    const { clock, sweep, wait } = setUp();
    const waiting = wait(60_000);
    await clock.advance(30_000);
    clock.jump(-3_600_000);
    await clock.advance(60_000);
    sweep.tick();
    assert.equal(waiting.due, false);
    await clock.advance(3_600_000);
    assert.equal(waiting.due, true);
  });

  it("rejects with the signal's reason and leaves no timer, sweep or listener behind", async () => {
    const { clock, sweep, stop, wait } = setUp();
    const waiting = wait(dayMs);
    await clock.advance(45_000);
    stop.abort(new Error("shutting down"));
    await assert.rejects(waiting.done, /shutting down/);
    assert.equal(clock.sleeping + sweep.running + getEventListeners(stop.signal, "abort").length, 0);
  });

  it("rejects before anything starts when the signal is already aborted", async () => {
    const { clock, scheduler } = setUp();
    await assert.rejects(
      scheduler.waitUntil(new Date(0), AbortSignal.abort("no")),
      (reason) => reason === "no",
    );
    assert.equal(clock.sleeping, 0);
  });

  it("resolves immediately for an instant in the past", async () => {
    const { sweep, wait } = setUp();
    await wait(-1).done;
    await wait(0).done;
    assert.equal(sweep.running, 0);
  });

  it("resolves at the exact millisecond, not at the end of a slice", async () => {
    const { clock, wait } = setUp();
    const waiting = wait(100_001);
    await clock.advance(100_000);
    assert.equal(waiting.due, false);
    await clock.advance(1);
    assert.equal(waiting.due, true);
  });

  it("waits for a deadline that another clock may bring forward, fractions of a millisecond included", async () => {
    const { clock, scheduler, stop } = setUp();
    let leftMs = dayMs;
    let isOver = false;
    const waiting = scheduler
      .waitOut(() => leftMs, stop.signal)
      .then(() => {
        isOver = true;
      });
    await clock.advance(30_000);
    assert.equal(isOver, false);
    leftMs = 0;
    await clock.advance(30_000);
    await waiting;
    const startedMs = clock.monotonicMs();
    const short = scheduler.waitOut(() => startedMs + 0.1 + 0.2 - clock.monotonicMs(), stop.signal);
    await clock.advance(1);
    await short;
  });

  it("waits for thirty days", async () => {
    const { clock, wait } = setUp();
    const waiting = wait(30 * dayMs);
    await clock.advance(30 * dayMs - 1);
    assert.equal(waiting.due, false);
    await clock.advance(1);
    assert.equal(waiting.due, true);
  });
});

describe("cronSweep", () => {
  /** Waits for a tick. An unref'd sweep does not keep the test process alive, so a timer does. */
  async function nextTick(sweep: Sweep): Promise<void> {
    const ticked = Promise.withResolvers<void>();
    const sweeping = sweep(() => ticked.resolve());
    const alive = setTimeout(() => ticked.reject(new Error("no tick within 60 s")), 60_000);
    await ticked.promise.finally(() => {
      clearTimeout(alive);
      sweeping.stop();
    });
  }

  for (const [step, ms] of [
    ["a year ahead", 365 * dayMs],
    ["a year back", -365 * dayMs],
  ] as const) {
    it(`keeps ticking without blocking the process when the clock is stepped ${step}`, async () => {
      const ticked = nextTick(cronSweep("* * * * * *"));
      const { Date: real } = globalThis;
      try {
        globalThis.Date = steppedBy(real, ms);
        await ticked;
      } finally {
        globalThis.Date = real;
      }
    });
  }

  it("checks on each second, and no longer after it was stopped", async () => {
    let checks = 0;
    const ticked = Promise.withResolvers<void>();
    const sweeping = cronSweep("* * * * * *")(() => {
      checks += 1;
      ticked.resolve();
    });
    // An unref'd task does not keep the test process alive, so a timer does.
    const alive = setTimeout(() => {}, 60_000);
    await ticked.promise;
    clearTimeout(alive);
    sweeping.stop();
    const seen = checks;
    await new Promise((resolve) => setTimeout(resolve, 1200));
    assert.equal(checks, seen);
  });
});

/** Steps the clock of the whole process: node-cron has no other source of time. */
function steppedBy(real: DateConstructor, ms: number): DateConstructor {
  const now = () => real.now() + ms;
  return new Proxy(real, {
    construct: (_, args) => (args.length === 0 ? new real(now()) : Reflect.construct(real, args)),
    get: (_, name) => (name === "now" ? now : Reflect.get(real, name)),
  });
}
