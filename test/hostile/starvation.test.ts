import assert from "node:assert/strict";
import { untilSeen } from "@kasbah/testkit";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { attackTimeoutMs } from "../harness/until.ts";
import { vitalsOf } from "../harness/vitals.ts";
import { attackAll } from "./starvation/attacks.ts";
import { GoodCallers } from "./starvation/good-callers.ts";
import type { Addresses } from "./starvation/swarm.ts";

/** The limit of the chart. The heap of V8 may use half of it, as in a container with this limit. */
const limitMiB = 512;
/** `npm test` runs a tenth of the attack against a tenth of the limits; `npm run test:soak` all of it. */
const isFull = process.env["KASBAH_ATTACK"] === "full";
/** With little of the processor, even a good call may take longer than the default. */
const patient = ["call", "handshake", "first-request"].flatMap((what) => [`--${what}-timeout`, "180s"]);
const smaller = ["--max-connections", "215", "--max-in-flight", "100", "--max-watches", "100"];
const flags = isFull ? patient : [...patient, ...smaller];
const env = { NODE_OPTIONS: `--max-old-space-size=${limitMiB / 2}` };
/** Of each kind: on a new connection each, and on connections that are kept. */
const goodCalls = isFull ? 100 : 10;
/** Before the attack, so that the CA has compiled and allocated what any call needs. */
const warmingCalls = isFull ? 400 : 20;
const withinMs = 240_000;
/** The full attack may leave the CA with a fifth more memory than before. */
const mostGrowth = 1.2;

const attackers: readonly Addresses[] = ["one address", "2,000 addresses", "the address of the good callers"];

describe("CA in 512 MiB, attacked with half-open calls, forged tokens, watches and idle connections", function () {
  this.timeout(attackTimeoutMs);
  let ca: RunningCa;
  let callers: GoodCallers;
  /** Before the attacks and after each of them. */
  const memories: number[] = [];

  before(async () => {
    ca = await startCa({ env, flags });
    callers = new GoodCallers(ca);
    assert.deepEqual(await callers.call(warmingCalls), []);
    memories.push((await vitalsOf(ca.pid)).rssMiB);
  });

  after(async () => {
    callers?.close();
    await ca?.stop();
  });

  for (const from of attackers) {
    it(`issues every certificate and answers every probe while it is attacked from ${from}`, async () => {
      const earlier = await connections(ca);
      const stop = await attackAll(ca, from, isFull ? 1 : 0.1);
      try {
        await untilSeen("many connections", withinMs, async () => (await connections(ca)) > 50 || undefined);
        assert.deepEqual(await callers.call(goodCalls), []);
      } finally {
        await stop();
      }
      await untilSeen(
        "the end of the attacker's connections",
        withinMs,
        async () => (await connections(ca)) <= earlier || undefined,
      );
      const [before = 0] = memories;
      const isReturned = async () => {
        const { rssMiB } = await vitalsOf(ca.pid);
        return !isFull || rssMiB <= before * mostGrowth ? rssMiB : undefined;
      };
      memories.push(await untilSeen(`less than ${before * mostGrowth} MiB`, withinMs, isReturned));
    });
  }

  it("stays within its memory", async () => {
    const { peakMiB } = await vitalsOf(ca.pid);
    process.stdout.write(
      `      at most ${Math.round(peakMiB)} MiB; before and after the attacks ${memories.map(Math.round)}\n`,
    );
    assert.ok(peakMiB < limitMiB, `${peakMiB} MiB`);
  });
});

async function connections(ca: RunningCa): Promise<number> {
  return (await ca.process.metric("kasbah_connections")) ?? 0;
}
