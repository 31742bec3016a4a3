import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import { fetchLeaf, SdsClient } from "../../harness/sds-client.ts";
import { suiteTimeoutMs } from "../../harness/until.ts";
import { findFaketime, WallClock } from "../../harness/wall-clock.ts";
import { restless, Stage } from "./stage.ts";
import { type Scenario, together } from "./together.ts";

const hourMs = 3_600_000;
const yearMs = 365 * 24 * hourMs;
/** The delay until a clock step takes effect: libfaketime reads its file every second. */
const stepMs = 2_000;
const unavailable = { skipped: "no libfaketime: install it and set LIBFAKETIME" };

describe("Agent's clock", function () {
  this.timeout(suiteTimeoutMs);
  const stage = new Stage();
  let faketime: Promise<string | undefined>;
  before(() => {
    faketime = findFaketime();
  });

  /** A pod with its own clock, and a CA that uses the same clock. */
  async function suspendable(library: string, ttlMs: number) {
    const paths = await stage.directory();
    const clock = new WallClock(library, paths.join("clock"));
    await clock.step(0);
    const ca = await stage.ca({ ttlMs, now: () => clock.now() });
    const gate = await stage.gate(ca, "open");
    const pod = await stage.pod({ ca, caAddress: gate.address, env: clock.env });
    const { leaf } = await fetchLeaf(pod.socket);
    return { clock, gate, leaf, agent: pod.agent, socket: pod.socket };
  }

  const rotatesAfter =
    (jumpMs: number, ttlMs: number): Scenario =>
    async () => {
      const library = await faketime;
      if (library === undefined) return unavailable;
      const { clock, gate, leaf, agent, socket } = await suspendable(library, ttlMs);
      const isOver = jumpMs > ttlMs;
      using held = new SdsClient(socket);
      held.say();
      await held.nextLeaf(0);
      gate.mode = "cut";
      await clock.step(jumpMs);
      await systemClock.sleep(stepMs);
      using late = new SdsClient(socket);
      late.say();
      await agent.until("the agent tries to rotate immediately", () => gate.dials > 1);
      await agent.until("the roots are served", () => late.roots.length > 0);
      assert.equal(late.leaves.length, isOver ? 0 : 1);
      assert.equal(await agent.isReady(), !isOver);

      gate.mode = "open";
      const { leaf: fresh } = await held.nextLeaf(1);
      assert.notEqual(fresh.serialNumber, leaf.serialNumber);
      assert.ok(fresh.validFromDate <= clock.now() && fresh.validToDate > clock.now());
      await late.nextLeaf(isOver ? 0 : 1);
      await agent.until("it is ready", () => agent.isReady());
      return undefined;
    };

  const livesThrough =
    (jumpMs: number): Scenario =>
    async () => {
      const library = await faketime;
      if (library === undefined) return unavailable;
      const { clock, leaf, agent, socket } = await suspendable(library, 24 * hourMs);
      using held = new SdsClient(socket);
      held.say();
      await held.nextLeaf(0);
      await clock.step(jumpMs);
      await systemClock.sleep(stepMs);
      assert.equal((await fetchLeaf(socket)).leaf.serialNumber, leaf.serialNumber);
      assert.equal(await agent.isReady(), true);
      await clock.step(-jumpMs);
      await systemClock.sleep(stepMs);
      assert.equal((await fetchLeaf(socket)).leaf.serialNumber, leaf.serialNumber);
      assert.deepEqual([held.isClosed, held.leaves.length], [false, 1]);
      return undefined;
    };

  const rotatesInTimeAfter =
    (jumpMs: number): Scenario =>
    async () => {
      const library = await faketime;
      if (library === undefined) return unavailable;
      const { clock, leaf, agent, socket } = await suspendable(library, 20_000);
      await clock.step(jumpMs);
      await agent.until(
        "it has rotated",
        async () => (await fetchLeaf(socket)).leaf.serialNumber !== leaf.serialNumber,
      );
      return undefined;
    };

  const keepsItsOwnBeside =
    (jumpMs: number): Scenario =>
    async () => {
      let aheadMs = 0;
      const ca = await stage.ca({
        ttlMs: hourMs / 2,
        now: () => new Date(systemClock.now().getTime() + aheadMs),
      });
      const { agent, socket } = await stage.pod({ ca, flags: restless });
      await fetchLeaf(socket);
      aheadMs = jumpMs;
      await agent.says("CA_REPLY_INVALID");
      const { leaf } = await fetchLeaf(socket);
      assert.ok(leaf.validFromDate <= systemClock.now() && leaf.validToDate > systemClock.now());
      assert.equal(await agent.isReady(), true);
      aheadMs = 0;
      await agent.until(
        "it has rotated",
        async () => (await fetchLeaf(socket)).leaf.serialNumber !== leaf.serialNumber,
      );
    };

  together(stage, {
    "row 23: rotates immediately when the clock jumps an hour ahead, long before the timer": rotatesAfter(
      hourMs,
      1.5 * hourMs,
    ),
    "row 23: never serves the expired certificate when the clock jumps a year ahead, and rotates immediately":
      rotatesAfter(yearMs, 24 * hourMs),
    "row 23: keeps serving its certificate when the clock jumps an hour back and forward again": livesThrough(
      -hourMs,
    ),
    "row 23: keeps serving its certificate when the clock jumps a year back and forward again": livesThrough(
      -yearMs,
    ),
    "row 23: rotates on time although the clock jumped an hour back": rotatesInTimeAfter(-hourMs),
    "row 23: rotates on time although the clock jumped a year back": rotatesInTimeAfter(-yearMs),
    "rows 6 and 23: accepts no certificate that is not yet valid when its clock is an hour behind the CA's":
      keepsItsOwnBeside(hourMs),
    "rows 6 and 23: accepts no expired certificate when its clock is a year ahead of the CA's":
      keepsItsOwnBeside(-yearMs),

    "row 25: serves no expired certificate when it resumes after being suspended past the expiry, and rotates":
      async () => {
        const ca = await stage.ca({ ttlMs: 10_000 });
        const { agent, socket } = await stage.pod({ ca });
        const { leaf } = await fetchLeaf(socket);
        using held = new SdsClient(socket);
        held.say();
        await held.nextLeaf(0);
        // Clients that subscribe meanwhile must wait and must not receive the expired certificate.
        ca.answer = async (call) => {
          await systemClock.sleep(2_000);
          return ca.honest(call);
        };
        agent.child.kill("SIGSTOP");
        using asked = new SdsClient(socket);
        asked.say();
        held.say({ nodeId: "", resourceNames: [] });
        held.say({ nodeId: "" });
        await systemClock.sleep(leaf.validToDate.getTime() - systemClock.now().getTime() + 2_000);
        agent.child.kill("SIGCONT");
        const [late, again] = [await asked.nextLeaf(0), await held.nextLeaf(1)];
        for (const { leaf: fresh, at } of [late, again]) {
          assert.notEqual(fresh.serialNumber, leaf.serialNumber);
          assert.ok(fresh.validToDate > at);
        }
        for (const { leaf: one, at } of [...asked.leaves, ...held.leaves]) assert.ok(one.validToDate > at);
        assert.equal(await agent.isReady(), true);
      },
  });
});
