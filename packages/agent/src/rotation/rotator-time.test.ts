import assert from "node:assert/strict";
import { createScheduler } from "@kasbah/runtime";
import { FakeClock, manualSweep, mintSecret } from "@kasbah/testkit";
import { AgentError } from "../errors.ts";
import { SecretStore, type WorkloadSecret } from "../secret/secret-store.ts";
import { type FetchedSecret, type RotationFailure, rotateUntilAborted } from "./rotator.ts";
import { callDeadlineMs } from "./schedule.ts";
import { Wake } from "./wake.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const yearMs = 365 * dayMs;

/** Repeatable rolls: a failing run fails again. */
function rolls(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** A leaf takes work to mint and no two may be equal, so the rotations of a test take turns with a few. */
const mintedLeaves = 3;

describe("Rotation in time", function () {
  this.timeout(60_000);
  let clock: FakeClock;
  let store: SecretStore;
  let failures: RotationFailure[];
  let published: { readonly at: Date; readonly secret: WorkloadSecret }[];
  let attempts: number;
  let stop: AbortController;
  let running: Promise<void>;
  let wake: Wake;
  let sweep: ReturnType<typeof manualSweep>;
  let minted: FetchedSecret[];

  before(async () => {
    const receivedAt = new Date("2030-01-01T00:00:00Z");
    const mint = () => mintSecret({ receivedAt, ttlMs: dayMs });
    minted = await Promise.all(Array.from({ length: mintedLeaves }, mint));
  });

  beforeEach(() => {
    clock = new FakeClock("2030-01-01T00:00:00Z");
    store = new SecretStore(clock);
    failures = [];
    published = [];
    attempts = 0;
    stop = new AbortController();
    running = Promise.resolve();
    wake = new Wake();
    sweep = manualSweep();
  });

  afterEach(async () => {
    stop.abort();
    await running;
  });

  const fresh = (ttlMs: number): FetchedSecret => {
    const [leaf] = minted.splice(0, 1);
    assert.ok(leaf);
    minted.push(leaf);
    const receivedAt = clock.now();
    return { ...leaf, receivedAt, notAfter: new Date(receivedAt.getTime() + ttlMs) };
  };

  const start = (fetch: (signal: AbortSignal) => Promise<FetchedSecret>, seed = 42) => {
    const source = {
      fetch(signal: AbortSignal) {
        attempts += 1;
        return fetch(signal);
      },
    };
    const observer = {
      onRotated: (secret: WorkloadSecret) => void published.push({ at: clock.now(), secret }),
      onFailed: (failure: RotationFailure) => void failures.push(failure),
    };
    const policy = { graceRatio: 0.5, jitter: 0.01 };
    const scheduler = createScheduler(clock, sweep.sweep);
    running = rotateUntilAborted(
      { source, store, policy, clock, scheduler, roll: rolls(seed), observer, wake },
      stop.signal,
    );
  };

  const away = async (): Promise<FetchedSecret> => {
    throw new AgentError("CA_UNREACHABLE", "away");
  };

  describe("when the clock is stepped", () => {
    it("row 23: rotates when half a life has passed, though the wall clock was set a day back", async () => {
      start(async () => fresh(dayMs));
      await clock.advance(hourMs);
      clock.jump(-dayMs);
      await clock.advance(12 * hourMs);
      assert.equal(published.length, 2);
    });

    it("row 23: goes on trying when the clock is set back while the CA is away", async () => {
      let fetch = async () => fresh(dayMs);
      start(() => fetch());
      await clock.advance(hourMs);
      fetch = away;
      await clock.advance(12 * hourMs);
      const before = attempts;
      clock.jump(-yearMs);
      await clock.advance(10 * minuteMs);
      assert.ok(attempts - before >= 10, `${attempts - before} attempts`);
      assert.equal(store.state(), "stale");
    });

    it("row 23: sees the end of life through a clock that was set back, and hands nothing out after it", async () => {
      let fetch = async () => fresh(dayMs);
      start(() => fetch());
      await clock.advance(hourMs);
      fetch = away;
      clock.jump(-yearMs);
      await clock.advance(23 * hourMs - 1);
      assert.notEqual(store.unexpired, undefined);
      await clock.advance(1);
      assert.equal(store.unexpired, undefined);
      fetch = async () => fresh(dayMs);
      await clock.advance(5_100);
      assert.equal(store.state(), "ready");
    });

    it("row 23: rotates at the next sweep when the clock is set an hour or a year ahead", async () => {
      start(async () => fresh(dayMs));
      for (const jumpMs of [13 * hourMs, yearMs]) {
        await clock.advance(minuteMs);
        const before = published.length;
        clock.jump(jumpMs);
        sweep.tick();
        await clock.advance(0);
        assert.equal(published.length, before + 1);
        assert.equal(store.state(), "ready");
      }
    });

    it("row 23: has its secret again when a clock that was far ahead is set right", async () => {
      let fetch = async () => fresh(dayMs);
      start(() => fetch());
      await clock.advance(hourMs);
      fetch = away;
      clock.jump(yearMs);
      assert.equal(store.unexpired, undefined);
      clock.jump(-yearMs);
      assert.equal(store.state(), "ready");
    });

    it("row 25: asks at once on waking, though it was suspended in the midst of a wait", async () => {
      let fetch: () => Promise<FetchedSecret> = async () => {
        throw new AgentError("CA_REFUSED", "no", { retryAfterMs: 300_000 });
      };
      start(() => fetch());
      await clock.advance(0);
      fetch = async () => fresh(dayMs);
      clock.jump(8 * hourMs);
      sweep.tick();
      await clock.advance(0);
      assert.equal(store.state(), "ready");
    });
  });

  describe("when something changes while it waits", () => {
    const refuse = (retryAfterMs?: number) => async (): Promise<FetchedSecret> => {
      throw new AgentError("CA_REFUSED", "no", retryAfterMs === undefined ? {} : { retryAfterMs });
    };

    it("asks a CA within a second that has said no for longer than that", async () => {
      start(refuse());
      await clock.advance(0);
      wake.ring();
      await clock.advance(1_000);
      assert.equal(attempts, 2);
    });

    it("does not miss a change in the midst of the attempt", async () => {
      start(async () => {
        if (attempts === 1) wake.ring();
        return refuse()();
      });
      await clock.advance(1_000);
      assert.equal(attempts, 2);
    });

    it("still comes no sooner than the CA has asked it to", async () => {
      start(refuse(50_000));
      await clock.advance(0);
      wake.ring();
      await clock.advance(49_000);
      assert.equal(attempts, 1);
    });

    it("keeps its backoff: a change is no success", async () => {
      start(refuse());
      for (let round = 0; round < 6; round += 1) {
        await clock.advance(1_000);
        wake.ring();
      }
      await clock.advance(1_000);
      assert.equal(failures.at(-1)?.failures, attempts);
    });
  });

  describe("with a CA that comes and goes", () => {
    /** Away again and again for up to two fifths of a life, by refusing or by not answering until the deadline. */
    function comesAndGoes(ttlMs: number, seed: number) {
      const random = rolls(seed);
      let isAway = false;
      let changesAtMs = random() * ttlMs;
      return async () => {
        for (; clock.monotonicMs() >= changesAtMs; isAway = !isAway) {
          const lastsMs = isAway ? 2 * minuteMs + random() * ttlMs : random() * 0.4 * ttlMs;
          changesAtMs += lastsMs;
        }
        if (!isAway) return fresh(ttlMs);
        const left = store.current && store.current.notAfter.getTime() - store.now().getTime();
        if (random() < 0.3) await clock.sleep(callDeadlineMs(left, 1));
        return away();
      };
    }

    /** Each secret must come before its predecessor ends: between two looks there is no instant that is not looked at. */
    const assertNoGap = () => {
      for (const [index, { at }] of published.entries()) {
        const before = published[index - 1]?.secret.notAfter;
        assert.ok(before === undefined || at < before, `no secret before ${at.toISOString()}`);
      }
      assert.notEqual(store.unexpired, undefined);
    };

    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      it(`has a valid secret at every instant of thirty days (seed ${seed})`, async () => {
        start(comesAndGoes(dayMs, seed), seed);
        await clock.advance(30 * dayMs);
        assertNoGap();
        assert.ok(published.length >= 40 && failures.length > 0, `${published.length}, ${failures.length}`);
      });
    }

    it("has one at every instant of a day when lives last ten seconds", async () => {
      start(comesAndGoes(10_000, 9));
      await clock.advance(dayMs);
      assertNoGap();
      assert.ok(failures.length > 0);
    });

    it("rests for half a year when lives last a year, longer than one timer can hold", async () => {
      start(async () => fresh(yearMs));
      await clock.advance(26 * dayMs);
      assert.equal(attempts, 1);
      clock.jump(0.47 * yearMs);
      await clock.advance(minuteMs);
      assert.equal(attempts, 2);
      assertNoGap();
    });

    it("row 4: does not run up to a CA that is up for one second and down for the next", async () => {
      start(async () => (Math.floor(clock.monotonicMs() / 1_000) % 2 === 1 ? fresh(dayMs) : away()));
      await clock.advance(dayMs);
      assert.ok(attempts <= 40, `${attempts} calls`);
      assertNoGap();
    });

    it("row 24: has a new secret within five seconds of the CA's return, long after its own has ended", async () => {
      let fetch = async () => fresh(dayMs);
      start(() => fetch());
      await clock.advance(hourMs);
      fetch = away;
      await clock.advance(dayMs);
      assert.equal(store.state(), "expired");
      fetch = async () => fresh(dayMs);
      await clock.advance(5_000);
      assert.equal(store.state(), "ready");
    });
  });
});
