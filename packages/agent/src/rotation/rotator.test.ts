import assert from "node:assert/strict";
import { createScheduler } from "@kasbah/runtime";
import { FakeClock, manualSweep, mintSecret } from "@kasbah/testkit";
import { AgentError } from "../errors.ts";
import { SecretStore } from "../secret/secret-store.ts";
import { type FetchedSecret, type RotationFailure, rotateUntilAborted } from "./rotator.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Repeatable rolls: a failing run fails again. */
function rolls(): () => number {
  let state = 42;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

describe("The rotator", () => {
  let clock: FakeClock;
  let store: SecretStore;
  let fetches: Date[];
  let failures: RotationFailure[];
  let inFlight: number;
  let stop: AbortController;
  let running: Promise<void>;
  let fetch: () => Promise<FetchedSecret>;
  let minted: FetchedSecret;
  const sweep = manualSweep();

  before(async () => {
    minted = await mintSecret({ receivedAt: new Date("2030-01-01T00:00:00Z"), ttlMs: dayMs });
  });

  beforeEach(() => {
    clock = new FakeClock("2030-01-01T00:00:00Z");
    store = new SecretStore(clock);
    fetches = [];
    failures = [];
    inFlight = 0;
    stop = new AbortController();
    fetch = async () => fresh(dayMs);
  });

  afterEach(async () => {
    stop.abort();
    await running;
  });

  const fresh = (ttlMs: number): FetchedSecret => {
    const receivedAt = clock.now();
    return { ...minted, receivedAt, notAfter: new Date(receivedAt.getTime() + ttlMs) };
  };

  const start = () => {
    const source = {
      async fetch() {
        fetches.push(clock.now());
        inFlight += 1;
        assert.equal(inFlight, 1, "two fetches at once");
        try {
          return await fetch();
        } finally {
          inFlight -= 1;
        }
      },
    };
    const observer = { onRotated: () => {}, onFailed: (failure: RotationFailure) => failures.push(failure) };
    const scheduler = createScheduler(clock, sweep.sweep);
    const policy = { graceRatio: 0.5, jitter: 0.01 };
    running = rotateUntilAborted(
      { source, store, policy, clock, scheduler, roll: rolls(), observer },
      stop.signal,
    );
  };

  const refuse = (code: "CA_UNREACHABLE" | "CA_REFUSED", retryAfterMs?: number) => async () => {
    throw new AgentError(code, "no", retryAfterMs === undefined ? {} : { retryAfterMs });
  };

  it("calls a CA that is down at the start a few times a minute, and obtains a secret when it recovers", async () => {
    fetch = refuse("CA_UNREACHABLE");
    start();
    await clock.advance(60_000);
    assert.ok(fetches.length >= 3 && fetches.length <= 40, `${fetches.length} dials`);
    assert.equal(store.state(), "starting");
    fetch = async () => fresh(dayMs);
    await clock.advance(30_000);
    assert.equal(store.state(), "ready");
  });

  it("keeps the last secret until it expires while the CA is unreachable, and recovers afterwards", async () => {
    start();
    await clock.advance(hourMs);
    const first = store.current;
    fetch = refuse("CA_UNREACHABLE");
    await clock.advance(22 * hourMs);
    assert.equal(store.current, first);
    assert.equal(store.state(), "stale");
    await clock.advance(hourMs);
    assert.equal(store.state(), "expired");
    fetch = async () => fresh(dayMs);
    await clock.advance(30_000);
    assert.equal(store.state(), "ready");
  });

  it("continues after an unexpected error", async () => {
    fetch = async () => {
      throw new TypeError("a bug");
    };
    start();
    await clock.advance(1_000);
    assert.equal(failures[0]?.code, "UNEXPECTED");
    fetch = async () => fresh(dayMs);
    await clock.advance(30_000);
    assert.equal(store.state(), "ready");
  });

  it("retries slowly after a refusal", async () => {
    fetch = refuse("CA_REFUSED");
    start();
    await clock.advance(10 * 60_000);
    assert.ok(fetches.length >= 2 && fetches.length <= 30, `${fetches.length} calls`);
    assert.ok(failures.every(({ retryInMs }) => retryInMs >= 10_000));
  });

  it("does not retry sooner than the CA requested", async () => {
    fetch = refuse("CA_UNREACHABLE", 50_000);
    start();
    await clock.advance(49_000);
    assert.equal(fetches.length, 1);
    await clock.advance(2_000);
    assert.equal(fetches.length, 2);
  });

  it("keeps its backoff until a fetch succeeds", async () => {
    fetch = refuse("CA_UNREACHABLE");
    start();
    await clock.advance(10 * 60_000);
    assert.deepEqual(
      failures.map((failure) => failure.failures),
      failures.map((_, index) => index + 1),
    );
    fetch = async () => fresh(dayMs);
    await clock.advance(30_000);
    fetch = refuse("CA_UNREACHABLE");
    await clock.advance(13 * hourMs);
    const afterSuccess = failures.findLastIndex((failure) => failure.failures === 1);
    assert.ok(afterSuccess > 0);
  });

  it("rotates immediately if it wakes after the expiry", async () => {
    start();
    await clock.advance(hourMs);
    const asleep = store.current;
    clock.jump(48 * hourMs);
    assert.equal(store.state(), "expired");
    sweep.tick();
    await clock.advance(0);
    assert.notEqual(store.current, asleep);
    assert.equal(store.state(), "ready");
  });

  it("keeps serving if the wall clock is set back a year", async () => {
    start();
    await clock.advance(hourMs);
    clock.jump(-365 * dayMs);
    await clock.advance(hourMs);
    assert.equal(store.state(), "ready");
  });

  it("stops during a wait without another fetch", async () => {
    start();
    await clock.advance(hourMs);
    stop.abort();
    await running;
    assert.equal(fetches.length, 1);
  });

  it("has a valid secret at every check of thirty days with the CA unreachable two fifths of the time", async () => {
    const random = rolls();
    fetch = async () => {
      if (random() < 0.4) throw new AgentError("CA_UNAVAILABLE", "away");
      return fresh(dayMs);
    };
    start();
    await clock.advance(10 * 60_000);
    for (let minute = 0; minute < 30 * 24 * 60; minute += 10) {
      await clock.advance(10 * 60_000);
      assert.notEqual(store.unexpired, undefined);
    }
    const rotations = fetches.length - failures.length;
    assert.ok(rotations >= 58 && rotations <= 63, `${rotations} rotations`);
  });
});
