import assert from "node:assert/strict";
import { createScheduler } from "@kasbah/runtime";
import { FakeClock, mintSecret } from "@kasbah/testkit";
import { AgentError } from "../errors.ts";
import { SecretStore } from "../secret/secret-store.ts";
import { RotationDemand, type RotationOutcome } from "./demand.ts";
import { type FetchedSecret, rotateUntilAborted } from "./rotator.ts";
import { Wake } from "./wake.ts";

const dayMs = 86_400_000;
const minuteMs = 60_000;
const start = "2030-01-01T00:00:00Z";
const neverSweeps = () => ({ stop() {} });

describe("RotationDemand", () => {
  let minted: FetchedSecret;
  let clock: FakeClock;
  let store: SecretStore;
  let demand: RotationDemand;
  let attemptsMs: number[];
  let fetch: () => Promise<FetchedSecret>;
  let stop: AbortController;
  let running: Promise<void>;

  before(async () => {
    minted = await mintSecret({ receivedAt: new Date(start), ttlMs: dayMs });
  });

  beforeEach(async () => {
    clock = new FakeClock(start);
    store = new SecretStore(clock);
    const wake = new Wake();
    demand = new RotationDemand(clock, wake);
    attemptsMs = [];
    fetch = async () => fresh();
    stop = new AbortController();
    const source = {
      fetch: async () => {
        attemptsMs.push(clock.monotonicMs());
        return fetch();
      },
    };
    running = rotateUntilAborted(
      {
        source: demand.watchAttempts(source),
        store,
        policy: { graceRatio: 0.5, jitter: 0.01 },
        clock,
        scheduler: createScheduler(clock, neverSweeps),
        roll: () => 0.5,
        observer: demand.watchOutcomes({ onRotated() {}, onFailed() {} }),
        wake,
        demand,
      },
      stop.signal,
    );
    await clock.advance(minuteMs);
    attemptsMs = [];
  });
  afterEach(async () => {
    stop.abort();
    await running;
  });

  const fresh = (): FetchedSecret => {
    const receivedAt = clock.now();
    return { ...minted, receivedAt, notAfter: new Date(receivedAt.getTime() + dayMs) };
  };
  const ask = (signal = stop.signal) => {
    const outcomes: RotationOutcome[] = [];
    const asked = demand.request(signal).then(
      (outcome) => void outcomes.push(outcome),
      () => undefined,
    );
    return { outcomes, asked };
  };
  const refused = (retryAfterMs?: number) => async (): Promise<FetchedSecret> => {
    throw new AgentError("CA_REFUSED", "no", retryAfterMs === undefined ? {} : { retryAfterMs });
  };

  it("rotates at once although the secret is not due, and answers with the new one", async () => {
    const before = store.current;
    const { outcomes } = ask();
    await clock.advance(0);
    assert.equal(attemptsMs.length, 1);
    assert.ok(outcomes[0] !== undefined && "secret" in outcomes[0]);
    assert.deepEqual(outcomes[0].secret, store.current);
    assert.notEqual(store.current, before);
  });

  it("waits for the next renewal as usual afterwards", async () => {
    ask();
    await clock.advance(11 * 60 * minuteMs);
    assert.equal(attemptsMs.length, 1);
    await clock.advance(2 * 60 * minuteMs);
    assert.equal(attemptsMs.length, 2);
  });

  it("answers a thousand requests of one moment with one attempt", async () => {
    const all = Array.from({ length: 1_000 }, () => ask());
    await clock.advance(0);
    assert.equal(attemptsMs.length, 1);
    assert.ok(all.every(({ outcomes }) => outcomes.length === 1));
  });

  it("calls the CA at most every five seconds under a flood of requests, and answers all of them", async () => {
    const all: ReturnType<typeof ask>[] = [];
    for (let at = 0; at < minuteMs; at += 50) {
      all.push(ask());
      await clock.advance(50);
    }
    await clock.advance(5_000);
    assert.ok(attemptsMs.length <= 13, `${attemptsMs.length} attempts`);
    for (const [index, at] of attemptsMs.entries()) {
      assert.ok(index === 0 || at - (attemptsMs[index - 1] ?? 0) >= 5_000);
    }
    assert.ok(all.every(({ outcomes }) => outcomes.length === 1));
  });

  it("calls a failing CA no more often under a flood of requests", async () => {
    fetch = refused();
    for (let at = 0; at < minuteMs; at += 50) {
      ask();
      await clock.advance(50);
    }
    assert.ok(attemptsMs.length <= 13, `${attemptsMs.length} attempts`);
  });

  it("does not call a CA again before the time that it named, however often it is asked", async () => {
    fetch = refused(40_000);
    for (let at = 0; at < 39_000; at += 100) {
      ask();
      await clock.advance(100);
    }
    assert.equal(attemptsMs.length, 1);
  });

  it("answers with the first failure, keeps the secret, and repeats the attempt until it succeeds", async () => {
    const before = store.current;
    fetch = refused();
    const { outcomes } = ask();
    await clock.advance(0);
    assert.ok(outcomes[0] !== undefined && "failure" in outcomes[0]);
    assert.equal(outcomes[0].failure.code, "CA_REFUSED");
    assert.equal(store.current, before);
    fetch = async () => fresh();
    await clock.advance(minuteMs);
    assert.equal(attemptsMs.length, 2);
    assert.notEqual(store.current, before);
  });

  it("cuts the pause after a refusal short, so that an operator who fixed the reason does not wait", async () => {
    fetch = refused();
    ask();
    await clock.advance(6_000);
    const before = attemptsMs.length;
    fetch = async () => fresh();
    const { outcomes } = ask();
    await clock.advance(1_000);
    assert.equal(attemptsMs.length, before + 1);
    assert.ok(outcomes[0] !== undefined && "secret" in outcomes[0]);
  });

  it("forgets a caller that went away, and still rotates", async () => {
    const gone = new AbortController();
    const { outcomes, asked } = ask(gone.signal);
    gone.abort();
    await asked;
    await clock.advance(0);
    assert.deepEqual(outcomes, []);
    assert.equal(attemptsMs.length, 1);
  });
});
