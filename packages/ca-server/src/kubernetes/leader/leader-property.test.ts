import assert from "node:assert/strict";
import { FakeClock, recordingLogger } from "@kasbah/testkit";
import fc from "fast-check";
import { Leader } from "./leader.ts";
import { calm, LeaseServer, MachineClock, type Weather } from "./lease-simulation.fixture.ts";

const stormMs = 90_000;
const attemptMs = 5_000;
const leaseMs = 15_000;
const retryMs = 2_000;
const slowest = 0.9;

interface Happening {
  readonly atMs: number;
  readonly what: "process stopped" | "clock stepped" | "restarted" | "killed" | "API away" | "annotated";
  readonly who: number;
  readonly ms: number;
}

const anyDelayMs = fc.oneof({ weight: 4, arbitrary: fc.nat(50) }, fc.nat(12_000));
const anyWeather = fc.record<Weather>({
  thereMs: anyDelayMs,
  backMs: anyDelayMs,
  fate: fc.oneof(
    { weight: 5, arbitrary: fc.constant("answered" as const) },
    fc.constantFrom("refused", "lost", "silent"),
  ),
});

const anyHappening = fc.record<Happening>({
  atMs: fc.nat(stormMs),
  what: fc.constantFrom("process stopped", "clock stepped", "restarted", "killed", "API away", "annotated"),
  who: fc.nat(4),
  ms: fc.oneof(fc.nat(4_000), fc.nat(40_000)),
});

const anyStorm = fc.record({
  speeds: fc.array(fc.double({ min: slowest, max: 1.1, noNaN: true }), { minLength: 2, maxLength: 5 }),
  apartMs: fc.nat(retryMs),
  weathers: fc.array(anyWeather, { minLength: 1, maxLength: 40 }),
  happenings: fc.array(anyHappening, { maxLength: 25 }),
});

/** Replicas that share one lease. The test checks which of them lead whenever anything could have changed. */
class Replicas {
  readonly clock = new FakeClock();
  readonly server = new LeaseServer(this.clock);
  readonly #places: { readonly machine: MachineClock; leader: Leader; isKilled: boolean }[];
  readonly #old: Leader[] = [];
  #started = 0;

  constructor(speeds: readonly number[]) {
    this.#places = speeds.map((speed) => {
      const machine = new MachineClock(this.clock, speed);
      return { machine, leader: this.#create(machine), isKilled: false };
    });
    this.server.onCall = () => this.check();
  }

  /** One after another, so that their requests are not synchronized. */
  async start(apartMs: number): Promise<void> {
    for (const { leader } of this.#places) {
      await leader.start();
      await this.clock.runFor(apartMs);
    }
  }

  /** The replicas that consider themselves leader, including those that were killed or stopped. */
  get leading(): number {
    return [...this.#old, ...this.#places.map(({ leader }) => leader)].filter(({ isLeader }) => isLeader)
      .length;
  }

  check(): void {
    assert.ok(this.leading <= 1, `${this.leading} lead at ${this.clock.monotonicMs()} ms`);
  }

  happen({ what, who, ms }: Happening): void {
    const place = this.#places[who % this.#places.length];
    if (place === undefined || place.isKilled) return;
    if (what === "process stopped") place.machine.stopFor(ms);
    if (what === "clock stepped") place.machine.step(ms % 2 === 0 ? ms * 1000 : -ms * 1000);
    if (what === "annotated")
      this.server.edit((lease) => ({ ...lease, metadata: { ...lease.metadata, ms } }));
    if (what === "killed" && this.#places.filter(({ isKilled }) => !isKilled).length > 1) {
      place.machine.stopFor(Number.MAX_SAFE_INTEGER);
      place.isKilled = true;
    }
    if (what === "restarted") {
      void place.leader.stop();
      this.#old.push(place.leader);
      place.leader = this.#create(place.machine);
      void place.leader.start();
    }
  }

  #create(machine: MachineClock): Leader {
    this.#started += 1;
    return new Leader({
      client: this.server.client(machine.awake),
      namespace: "kasbah-system",
      identity: `replica-${this.#started}`,
      onChange: () => this.check(),
      clock: machine,
      logger: recordingLogger(),
    });
  }
}

type Storm = typeof anyStorm extends fc.Arbitrary<infer T> ? T : never;

async function rideOut({ speeds, apartMs, weathers, happenings }: Storm): Promise<Replicas> {
  const replicas = new Replicas(speeds);
  const { clock, server } = replicas;
  let [calls, awayUntilMs] = [0, 0];
  server.weather = () => {
    const weather = weathers[calls++ % weathers.length] ?? calm;
    return clock.monotonicMs() < awayUntilMs ? { ...weather, fate: "refused" } : weather;
  };
  await replicas.start(apartMs);
  for (const happening of happenings.toSorted((a, b) => a.atMs - b.atMs)) {
    await runUntil(replicas, happening.atMs);
    if (happening.what === "API away") awayUntilMs = clock.monotonicMs() + happening.ms;
    else replicas.happen(happening);
  }
  await runUntil(replicas, stormMs + 40_000);
  return replicas;
}

async function runUntil(replicas: Replicas, untilMs: number): Promise<void> {
  while (replicas.clock.monotonicMs() < untilMs) {
    await replicas.clock.runFor(Math.min(500, untilMs - replicas.clock.monotonicMs()));
    replicas.check();
  }
}

describe("Leaders of one lease", function () {
  this.timeout(120_000);

  it("never elects two leaders at the same time, and elects one after any fault once the API server recovers", async () => {
    const property = fc.asyncProperty(anyStorm, async (storm) => {
      const replicas = await rideOut(storm);
      replicas.server.weather = () => calm;
      const soonMs = (attemptMs + leaseMs + retryMs) / slowest + 1_000;
      await runUntil(replicas, replicas.clock.monotonicMs() + soonMs);
      assert.equal(replicas.leading, 1);
    });
    await fc.assert(property, { numRuns: 200 });
  });

  it("elects another leader within a lease and one retry when the leader is killed", async () => {
    const anyKill = fc.record({
      count: fc.integer({ min: 2, max: 5 }),
      apartMs: fc.nat(retryMs),
      atMs: fc.integer({ min: 10_000, max: 20_000 }),
    });
    const property = fc.asyncProperty(anyKill, async ({ count, apartMs, atMs }) => {
      const replicas = new Replicas(Array.from({ length: count }, () => 1));
      await replicas.start(apartMs);
      await runUntil(replicas, atMs);
      const killed = String(replicas.server.holder);
      const who = Number(killed.replace("replica-", "")) - 1;
      replicas.happen({ atMs, what: "killed", who, ms: 0 });
      await runUntil(replicas, atMs + leaseMs + retryMs + 50);
      assert.equal(replicas.leading, 1);
      assert.notEqual(replicas.server.holder, killed);
    });
    await fc.assert(property, { numRuns: 100 });
  });
});
