import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import { untilSeen } from "@kasbah/testkit";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { type Vitals, vitalsOf } from "../harness/vitals.ts";
import { controlCall } from "./http2/control-call.ts";
import { type Addresses, attackAll } from "./starvation/attacks.ts";

/** The limit of the chart. The heap of V8 may use half of it, as in a container with this limit. */
const limitMiB = 512;
const env = { NODE_OPTIONS: `--max-old-space-size=${limitMiB / 2}` };
const goodCalls = 100;
const atATime = 10;
const recoverWithinMs = 60_000;

const attackers: Readonly<Record<string, Addresses>> = {
  "one address": () => "127.0.0.2",
  "2,000 addresses": (index) => `127.1.${Math.floor((index % 2_000) / 200)}.${(index % 200) + 1}`,
  "the address of the good callers": () => "127.0.0.1",
};

for (const [from, addressOf] of Object.entries(attackers)) {
  describe(`CA attacked from ${from}`, () => {
    let ca: RunningCa;

    before(async () => {
      ca = await startCa({ env });
    });

    after(() => ca?.stop());

    it("issues every certificate, answers every probe, stays within its memory, and recovers", async () => {
      await controlCall(ca);
      const before = await vitalsOf(ca.pid);
      const swarms = await attackAll(ca, addressOf);
      try {
        await untilSeen("many connections", recoverWithinMs, async () => (await connections(ca)) > 1_000 || undefined);
        const failures = await serveAll(ca);
        assert.deepEqual(failures, []);
      } catch (error) { process.stdout.write(ca.process.log.slice(-3000)); throw error; } finally {
        for (const swarm of swarms) swarm.stop();
      }
      const { peakMiB } = await vitalsOf(ca.pid);
      assert.ok(peakMiB < limitMiB, `${peakMiB} MiB`);
      await recovered(ca, before);
    });
  });
}

/** Returns the failures among the good calls and the probes that go with them. */
async function serveAll(ca: RunningCa): Promise<readonly string[]> {
  const failures: string[] = [];
  for (let count = 0; count < goodCalls; count += atATime) {
    const calls = Array.from({ length: atATime }, () => controlCall(ca));
    const outcomes = await Promise.allSettled([...calls, ca.process.status("/healthz/live"), ca.process.readiness()]);
    failures.push(...outcomes.filter((one) => one.status === "rejected").map(({ reason }) => String(reason)));
  }
  return failures;
}

async function connections(ca: RunningCa): Promise<number> {
  return (await ca.process.metric("kasbah_connections")) ?? 0;
}

/** Connections and memory return to what they were, the memory as far as V8 gives it back. */
async function recovered(ca: RunningCa, before: Vitals): Promise<void> {
  let last: Vitals = before;
  await untilSeen("recovery", recoverWithinMs, async () => {
    last = await vitalsOf(ca.pid);
    const isSmall = last.rssMiB <= before.rssMiB * 1.2 + 30;
    return ((await connections(ca)) === 0 && isSmall) || undefined;
  }).catch(() => assert.fail(`before ${JSON.stringify(before)}, afterwards ${JSON.stringify(last)}`));
  process.stdout.write(
    `      ${Math.round(before.rssMiB)} MiB before, at most ${Math.round(last.peakMiB)}, ${Math.round(last.rssMiB)} afterwards, ` +
      `at ${Math.round(systemClock.monotonicMs())} ms\n`,
  );
}
