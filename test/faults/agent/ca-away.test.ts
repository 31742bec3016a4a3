import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { systemClock } from "@kasbah/runtime";
import { grpcStatus } from "@kasbah/runtime/rpc";
import { FakeRefusal } from "@kasbah/testkit";
import { fetchLeaf, SdsClient } from "../../harness/sds-client.ts";
import { suiteTimeoutMs } from "../../harness/until.ts";
import { looksNamesUpInFile } from "./failpoints.ts";
import { restless, Stage } from "./stage.ts";
import { together } from "./together.ts";

/**
 * Without a growing backoff, the agent would dial more often in this time; forty dials per minute are
 * allowed.
 */
const awayMs = 8_000;
const mostDials = 25;
const mostGrowthMiB = 30;
const mostAnswerMs = 5_000;

describe("Agent whose CA is down", function () {
  this.timeout(suiteTimeoutMs);
  const stage = new Stage();

  together(stage, {
    "row 1: holds streams while the CA is down at start-up, dials rarely with constant memory, and answers once the CA is up":
      async () => {
        const ca = await stage.ca();
        const gate = await stage.gate(ca, "cut");
        const { agent, socket } = await stage.pod({ ca, caAddress: gate.address });
        using envoy = new SdsClient(socket);
        envoy.say();
        await agent.says("CA_UNREACHABLE");
        const before = await agent.vitals();
        await systemClock.sleep(awayMs);

        const { ready, reasons } = await agent.readiness();
        assert.equal(ready, false);
        assert.match(reasons.join(), /no secret yet.*CA_UNREACHABLE/);
        assert.deepEqual([envoy.isClosed, envoy.received.length], [false, 0]);
        assert.ok(gate.dials > 1 && gate.dials <= mostDials, `${gate.dials} dials`);
        const { rssMiB, cpuMs } = await agent.vitals();
        assert.ok(rssMiB - before.rssMiB < mostGrowthMiB, `from ${before.rssMiB} to ${rssMiB} MiB`);
        assert.ok(cpuMs - before.cpuMs < awayMs / 4, `${cpuMs - before.cpuMs} ms of CPU time`);

        gate.mode = "open";
        await envoy.nextLeaf(0);
        assert.equal(await agent.isReady(), true);
      },

    "rows 3 and 24: serves the old certificate until it expires but no longer, and a new one soon after the CA is back":
      async () => {
        const ca = await stage.ca({ ttlMs: 20_000 });
        const gate = await stage.gate(ca, "open");
        const { agent, socket } = await stage.pod({ ca, caAddress: gate.address });
        const { leaf } = await fetchLeaf(socket);
        gate.mode = "cut";
        const endsAt = leaf.validToDate.getTime();
        while (systemClock.now().getTime() < endsAt - 6_000) {
          assert.equal((await fetchLeaf(socket)).leaf.serialNumber, leaf.serialNumber);
          assert.equal(await agent.isReady(), true);
          await systemClock.sleep(500);
        }
        assert.equal(await agent.metric('kasbah_agent_secret_state{state="stale"}'), 1);

        await systemClock.sleep(endsAt - systemClock.now().getTime() + 1_000);
        assert.match((await agent.readiness()).reasons.join(), /expired/);
        using envoy = new SdsClient(socket);
        envoy.say();
        await agent.until("only the roots are served", () => envoy.roots.length > 0);
        await systemClock.sleep(1_000);
        assert.deepEqual([envoy.leaves.length, envoy.isClosed], [0, false]);

        gate.mode = "open";
        assert.notEqual((await envoy.nextLeaf(0)).leaf.serialNumber, leaf.serialNumber);
        await agent.until("it is ready", () => agent.isReady());
      },

    "row 4: dials a flapping CA less and less often until it issues, with one call at a time": async () => {
      const ca = await stage.ca();
      const gate = await stage.gate(ca, "open");
      let concurrent = 0;
      let mostAtOnce = 0;
      ca.answer = async () => {
        concurrent += 1;
        mostAtOnce = Math.max(mostAtOnce, concurrent);
        await systemClock.sleep(200);
        concurrent -= 1;
        throw new FakeRefusal({ code: grpcStatus.UNAVAILABLE, message: "still starting" });
      };
      const { socket } = await stage.pod({ ca, caAddress: gate.address });
      for (let spentMs = 0; spentMs < awayMs; spentMs += 500) {
        gate.mode = gate.mode === "open" ? "cut" : "open";
        await systemClock.sleep(500);
      }
      assert.ok(gate.dials > 1 && gate.dials <= mostDials, `${gate.dials} dials`);
      assert.ok(mostAtOnce <= 1, `${mostAtOnce} concurrent calls`);
      ca.answer = undefined;
      gate.mode = "open";
      await fetchLeaf(socket);
    },

    "row 5: gives up on a CA that accepts connections but never answers, and lets no stream wait for it":
      async () => {
        const ca = await stage.ca({ ttlMs: 40_000 });
        const gate = await stage.gate(ca, "open");
        const { agent, socket } = await stage.pod({ ca, caAddress: gate.address, flags: restless });
        await fetchLeaf(socket);
        gate.mode = "silent";
        const took: number[] = [];
        const unreachable = 'kasbah_agent_rotation_failures{code="CA_UNREACHABLE"}';
        await agent.until("the agent gave up on the silent CA", async () => {
          const startedAt = systemClock.monotonicMs();
          await fetchLeaf(socket);
          took.push(systemClock.monotonicMs() - startedAt);
          return ((await agent.metric(unreachable)) ?? 0) > 0;
        });
        assert.ok(Math.max(...took) < mostAnswerMs, `an answer took ${Math.max(...took)} ms`);
        const known = (await fetchLeaf(socket)).leaf.serialNumber;
        gate.mode = "open";
        await agent.until(
          "it has rotated",
          async () => (await fetchLeaf(socket)).leaf.serialNumber !== known,
        );
      },

    "row 41: retries a failed name lookup, and finds a CA that moved to a new address": async () => {
      const ca = await stage.ca({ servingNames: ["ca.test"] });
      const first = await stage.gate(ca, "open");
      const second = await stage.gate(ca, "open", { host: "127.0.0.2", port: first.port });
      const pod = await stage.emptyPod({
        ca,
        caAddress: `ca.test:${first.port}`,
        failpoint: looksNamesUpInFile,
        flags: restless,
      });
      const addressPath = pod.path("address");
      const agent = pod.start({ env: { KASBAH_TEST_ADDRESS: addressPath } });
      await agent.says("daemon started");
      await agent.says("CA_UNREACHABLE");
      assert.equal(first.dials, 0);
      await writeFile(addressPath, "127.0.0.1");
      await fetchLeaf(pod.socket);

      await writeFile(addressPath, "127.0.0.2");
      first.mode = "cut";
      await agent.until("the new address is dialed", () => second.dials > 0);
      const { leaf } = await fetchLeaf(pod.socket);
      await agent.until(
        "it has rotated",
        async () => (await fetchLeaf(pod.socket)).leaf.serialNumber !== leaf.serialNumber,
      );
    },
  });
});
