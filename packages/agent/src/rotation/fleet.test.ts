import assert from "node:assert/strict";
import { createScheduler } from "@kasbah/runtime";
import { FakeClock, mintSecret } from "@kasbah/testkit";
import { AgentError } from "../errors.ts";
import { SecretStore } from "../secret/secret-store.ts";
import { type FetchedSecret, rotateUntilAborted } from "./rotator.ts";

const agents = 1_000;
const minuteMs = 60_000;
const ttlMs = 60 * minuteMs;
const neverSweeps = () => ({ stop() {} });
const observer = { onRotated() {}, onFailed() {} };

/** Repeatable rolls: a failing run fails again. */
function rolls(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

describe("A fleet of a thousand agents", () => {
  let leaf: FetchedSecret;

  before(async () => {
    leaf = await mintSecret({ receivedAt: new Date("2030-01-01T00:00:00Z"), ttlMs });
  });

  /** Calls to the CA in each of sixty minutes; the agents start at different points of their rotation. */
  async function callsEachMinute(isUp: (atMs: number) => boolean): Promise<readonly number[]> {
    const clock = new FakeClock("2030-01-01T00:00:00Z");
    const calls = new Array<number>(60).fill(0);
    const stop = new AbortController();
    const fetch = async (): Promise<FetchedSecret> => {
      const atMs = clock.monotonicMs();
      const minute = Math.floor(atMs / minuteMs);
      calls[minute] = (calls[minute] ?? 0) + 1;
      if (!isUp(atMs)) throw new AgentError("CA_UNREACHABLE", "away");
      return freshAt(clock.now().getTime());
    };
    const freshAt = (receivedMs: number): FetchedSecret => ({
      ...leaf,
      receivedAt: new Date(receivedMs),
      notAfter: new Date(receivedMs + ttlMs),
    });
    const chance = rolls(7);
    const lives = Array.from({ length: agents }, (_, index) => {
      const store = new SecretStore(clock);
      const rotateAt = new Date(clock.now().getTime() + chance() * (ttlMs / 2));
      store.publish({ ...freshAt(rotateAt.getTime() - ttlMs / 2), rotateAt });
      return rotateUntilAborted(
        {
          source: { fetch },
          store,
          policy: { graceRatio: 0.5, jitter: 0.01 },
          clock,
          scheduler: createScheduler(clock, neverSweeps),
          roll: rolls(index + 1),
          observer,
        },
        stop.signal,
      );
    });
    await clock.advance(60 * minuteMs);
    stop.abort();
    await Promise.all(lives);
    return calls;
  }

  it("row 4: calls a CA that flaps every second at most three times as often as usual", async () => {
    const steady = await callsEachMinute(() => true);
    const flapping = await callsEachMinute((atMs) => Math.floor(atMs / 1_000) % 2 === 0);
    const mean = steady.reduce((sum, count) => sum + count, 0) / steady.length;
    assert.ok(mean > 30, `${mean} calls a minute`);
    const worst = Math.max(...flapping);
    process.stdout.write(`      ${worst} calls in the worst minute, ${mean.toFixed(0)} in a steady one\n`);
    assert.ok(worst <= 3 * mean, `${worst} calls in the worst minute, ${mean} in a steady one`);
  });
});
