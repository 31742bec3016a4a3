import assert from "node:assert/strict";
import { untilSeen } from "@kasbah/testkit";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import { vitalsOf } from "../harness/vitals.ts";
import { controlCall } from "./http2/control-call.ts";
import { attackAll } from "./starvation/attacks.ts";
import type { Addresses } from "./starvation/swarm.ts";

/** The limit of the chart. The heap of V8 may use half of it, as in a container with this limit. */
const limitMiB = 512;
/** `npm test` runs a tenth of the attack against a tenth of the limits; `npm run test:soak` all of it. */
const isFull = process.env["KASBAH_ATTACK"] === "full";
const flags = isFull ? [] : ["--max-connections", "215", "--max-in-flight", "100", "--max-watches", "100"];
const env = { NODE_OPTIONS: `--max-old-space-size=${limitMiB / 2}` };
const goodCalls = isFull ? 100 : 20;
const atATime = 10;
const withinMs = 60_000;

const attackers: readonly Addresses[] = ["one address", "2,000 addresses", "the address of the good callers"];

describe("CA in 512 MiB, attacked with half-open calls, forged tokens, watches and idle connections", function () {
  this.timeout(suiteTimeoutMs);
  let ca: RunningCa;
  /** After each attack; the C library keeps what the first one needed, and uses it again for the next. */
  const memories: number[] = [];

  before(async () => {
    ca = await startCa({ env, flags });
  });

  after(() => ca?.stop());

  for (const from of attackers) {
    it(`issues every certificate and answers every probe while it is attacked from ${from}`, async () => {
      const stop = await attackAll(ca, from, isFull ? 1 : 0.1);
      try {
        await untilSeen("many connections", withinMs, async () => (await connections(ca)) > 100 || undefined);
        assert.deepEqual(await failuresOf(ca), []);
      } finally {
        await stop();
      }
      await untilSeen(
        "the end of all connections",
        withinMs,
        async () => (await connections(ca)) === 0 || undefined,
      );
      memories.push((await vitalsOf(ca.pid)).rssMiB);
    });
  }

  it("stays within its memory, and needs no more for the last attack than for the first", async () => {
    const { peakMiB } = await vitalsOf(ca.pid);
    const [first = 0, , last = 0] = memories;
    process.stdout.write(
      `      at most ${Math.round(peakMiB)} MiB; after the attacks ${memories.map(Math.round)}\n`,
    );
    assert.ok(peakMiB < limitMiB, `${peakMiB} MiB`);
    assert.ok(last <= first * 1.2, `${first} MiB after the first attack, ${last} MiB after the last`);
  });
});

/** The failures among the good calls and the probes that go with them. */
async function failuresOf(ca: RunningCa): Promise<readonly string[]> {
  const failures: string[] = [];
  for (let count = 0; count < goodCalls; count += atATime) {
    const calls = Array.from({ length: atATime }, () => controlCall(ca));
    const probes = [ca.process.status("/healthz/live"), ca.process.readiness()];
    const outcomes = await Promise.allSettled([...calls, ...probes]);
    failures.push(...outcomes.filter((one) => one.status === "rejected").map(({ reason }) => String(reason)));
  }
  return failures;
}

async function connections(ca: RunningCa): Promise<number> {
  return (await ca.process.metric("kasbah_connections")) ?? 0;
}
