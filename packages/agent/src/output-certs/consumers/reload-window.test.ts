import assert from "node:assert/strict";
import type { Clock } from "@kasbah/runtime";
import { FakeClock } from "@kasbah/testkit";
import type { FilesChange } from "./consumer.ts";
import type { CommandOutcome } from "./outcome.ts";
import { withinWindow } from "./reload-window.ts";

const start = new Date("2030-01-01T00:00:00Z");
const minuteMs = 60_000;
const ok: CommandOutcome = { result: "ok", exitCode: 0, killedBy: undefined, output: [] };
const failed: CommandOutcome = { ...ok, result: "failed", exitCode: 1 };

describe("withinWindow", () => {
  let clock: FakeClock;
  let ranAt: number[];
  let outcomes: CommandOutcome[];
  let stop: AbortController;

  beforeEach(() => {
    clock = new FakeClock(start);
    [ranAt, outcomes] = [[], []];
    stop = new AbortController();
  });

  const changeOf = (serial: string, lifetimeMs = 60 * minuteMs): FilesChange => ({
    spiffeId: "spiffe://t/ns/a/sa/b",
    serial,
    notAfter: new Date(clock.now().getTime() + lifetimeMs),
  });
  const runner = (roll: number, windowMs = 10 * minuteMs) =>
    withinWindow(
      async () => {
        ranAt.push(clock.monotonicMs());
        return outcomes.shift() ?? ok;
      },
      { windowMs, clock, roll: () => roll },
    );
  /** Starts a run, lets `ms` pass, and returns how long the run waited; undefined if it still waits. */
  const waited = async (run: ReturnType<typeof runner>, change: FilesChange, ms: number) => {
    const startedMs = clock.monotonicMs();
    const before = ranAt.length;
    const running = run(change, stop.signal);
    await clock.advance(ms);
    if (ranAt.length === before) return undefined;
    await running;
    return (ranAt.at(-1) ?? 0) - startedMs;
  };

  it("delays the run for a new certificate by a random share of the window", async () => {
    for (const roll of [0, 0.25, 0.999]) {
      const run = runner(roll);
      await waited(run, changeOf("1"), 0);
      assert.equal(await waited(run, changeOf("2"), 10 * minuteMs), roll * 10 * minuteMs);
    }
  });

  it("does not delay the first run after a start, because the application may have an old certificate", async () => {
    assert.equal(await waited(runner(0.5), changeOf("1"), 0), 0);
  });

  it("does not delay a run if the certificate that the application has would expire first", async () => {
    const run = runner(0.5);
    await waited(run, changeOf("1", 4 * minuteMs), 0);
    assert.equal(await waited(run, changeOf("2"), 0), 0);
    const other = runner(0.5);
    await waited(other, changeOf("1", 6 * minuteMs), 0);
    assert.equal(await waited(other, changeOf("2"), 5 * minuteMs), 5 * minuteMs);
  });

  it("does not delay a retry again", async () => {
    const run = runner(0.5);
    await waited(run, changeOf("1"), 0);
    outcomes = [failed];
    const change = changeOf("2");
    assert.equal(await waited(run, change, 5 * minuteMs), 5 * minuteMs);
    assert.equal(await waited(run, change, 0), 0);
  });

  it("runs nothing if the agent stops during the delay", async () => {
    const run = runner(0.5);
    await waited(run, changeOf("1"), 0);
    const running = run(changeOf("2"), stop.signal);
    await clock.advance(minuteMs);
    stop.abort();
    assert.equal((await running).result, "timeout");
    assert.equal(ranAt.length, 1);
  });

  it("spreads a thousand replicas evenly, and none with a window of zero", async () => {
    const at: number[] = [];
    for (let replica = 0; replica < 1_000; replica += 1) {
      const own = new FakeClock(start);
      const sleeps: number[] = [];
      const counted: Clock = {
        now: () => own.now(),
        monotonicMs: () => own.monotonicMs(),
        bootMs: () => own.bootMs(),
        sleep: async (ms) => void sleeps.push(ms),
      };
      const run = withinWindow(async () => ok, {
        windowMs: 100_000,
        clock: counted,
        roll: () => replica / 1_000,
      });
      await run(changeOf("1"), stop.signal);
      await run(changeOf("2"), stop.signal);
      at.push(sleeps[0] ?? Number.NaN);
    }
    const perTenth = Array.from(
      { length: 10 },
      (_, tenth) => at.filter((ms) => Math.floor(ms / 10_000) === tenth).length,
    );
    assert.deepEqual(perTenth, Array(10).fill(100));
    const run = runner(0.5, 0);
    await waited(run, changeOf("1"), 0);
    assert.equal(await waited(run, changeOf("2"), 0), 0);
  });
});
