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

/**
 * Minting a leaf is slow and no two consecutive ones may be equal, so the rotations of a test reuse a few.
 */
const mintedLeaves = 3;

describe("The rotator over time", () => {
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

  describe("when the clock is set", () => {
    it("row 23: rotates after half of the lifetime although the wall clock was set back a day", async () => {
      start(async () => fresh(dayMs));
      await clock.advance(hourMs);
      clock.jump(-dayMs);
      await clock.advance(12 * hourMs);
      assert.equal(published.length, 2);
    });

    it("row 23: keeps retrying if the clock is set back while the CA is unreachable", async () => {
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

    it("row 23: detects the expiry although the clock was set back, and serves nothing afterwards", async () => {
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

    it("row 23: rotates at the next sweep if the clock is set ahead by an hour or a year", async () => {
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

    it("row 23: serves the secret again when a clock that was far ahead is corrected", async () => {
      let fetch = async () => fresh(dayMs);
      start(() => fetch());
      await clock.advance(hourMs);
      fetch = away;
      clock.jump(yearMs);
      assert.equal(store.unexpired, undefined);
      clock.jump(-yearMs);
      assert.equal(store.state(), "ready");
    });

    it("row 25: calls the CA immediately on waking although it was suspended during a wait", async () => {
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

  describe("when an input changes during a wait", () => {
    const refuse = (retryAfterMs?: number) => async (): Promise<FetchedSecret> => {
      throw new AgentError("CA_REFUSED", "no", retryAfterMs === undefined ? {} : { retryAfterMs });
    };

    it("calls a CA again within a second although its refusal caused a longer wait", async () => {
      start(refuse());
      await clock.advance(0);
      wake.ring();
      await clock.advance(1_000);
      assert.equal(attempts, 2);
    });

    it("does not miss a change during an attempt", async () => {
      start(async () => {
        if (attempts === 1) wake.ring();
        return refuse()();
      });
      await clock.advance(1_000);
      assert.equal(attempts, 2);
    });

    it("does not retry sooner than the CA requested", async () => {
      start(refuse(50_000));
      await clock.advance(0);
      wake.ring();
      await clock.advance(49_000);
      assert.equal(attempts, 1);
    });

    it("keeps its backoff after a change, because a change is not a success", async () => {
      start(refuse());
      for (let round = 0; round < 6; round += 1) {
        await clock.advance(1_000);
        wake.ring();
      }
      await clock.advance(1_000);
      assert.equal(failures.at(-1)?.failures, attempts);
    });
  });

  describe("with a flapping CA", () => {
    /**
     * Repeatedly unreachable for up to two fifths of a lifetime, by refusing or by not answering until the
     * deadline.
     */
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

    /**
     * Each secret must arrive before its predecessor expires, so the secrets leave no gap between two checks.
     */
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

    it("has a valid secret at every instant of a day with lifetimes of ten seconds", async () => {
      start(comesAndGoes(10_000, 9));
      await clock.advance(dayMs);
      assertNoGap();
      assert.ok(failures.length > 0);
    });

    it("waits for half a year with lifetimes of a year, longer than one timer can run", async () => {
      start(async () => fresh(yearMs));
      await clock.advance(26 * dayMs);
      assert.equal(attempts, 1);
      clock.jump(0.47 * yearMs);
      await clock.advance(minuteMs);
      assert.equal(attempts, 2);
      assertNoGap();
    });

    it("row 4: does not overload a CA that flaps every second", async () => {
      start(async () => (Math.floor(clock.monotonicMs() / 1_000) % 2 === 1 ? fresh(dayMs) : away()));
      await clock.advance(dayMs);
      assert.ok(attempts <= 40, `${attempts} calls`);
      assertNoGap();
    });

    it("row 24: has a new secret within five seconds of the CA's recovery, long after its own expired", async () => {
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
