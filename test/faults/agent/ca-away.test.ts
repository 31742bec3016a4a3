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

/** An agent that did not wait longer and longer would dial more often in so long; forty in a minute are allowed. */
const awayMs = 8_000;
const mostDials = 25;
const mostGrowthMiB = 30;
const mostAnswerMs = 5_000;

describe("An agent whose CA is away", function () {
  this.timeout(suiteTimeoutMs);
  const stage = new Stage();

  together(stage, {
    "row 1: down at the start, its streams are held and it dials few times, with flat memory; when the CA comes, they are answered":
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
        assert.ok(cpuMs - before.cpuMs < awayMs / 4, `${cpuMs - before.cpuMs} ms on the processor`);

        gate.mode = "open";
        await envoy.nextLeaf(0);
        assert.equal(await agent.isReady(), true);
      },

    "rows 3 and 24: the old leaf is served to its end and not beyond, and soon after the CA is back there is a new one":
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
        await agent.until("the roots alone are served", () => envoy.roots.length > 0);
        await systemClock.sleep(1_000);
        assert.deepEqual([envoy.leaves.length, envoy.isClosed], [0, false]);

        gate.mode = "open";
        assert.notEqual((await envoy.nextLeaf(0)).leaf.serialNumber, leaf.serialNumber);
        await agent.until("it is ready", () => agent.isReady());
      },

    "row 4: a CA that comes and goes is dialled less and less until it has signed, and asked for one certificate at a time":
      async () => {
        const ca = await stage.ca();
        const gate = await stage.gate(ca, "open");
        let atOnce = 0;
        let mostAtOnce = 0;
        ca.answer = async () => {
          atOnce += 1;
          mostAtOnce = Math.max(mostAtOnce, atOnce);
          await systemClock.sleep(200);
          atOnce -= 1;
          throw new FakeRefusal({ code: grpcStatus.UNAVAILABLE, message: "not quite up" });
        };
        const { socket } = await stage.pod({ ca, caAddress: gate.address });
        for (let spentMs = 0; spentMs < awayMs; spentMs += 500) {
          gate.mode = gate.mode === "open" ? "cut" : "open";
          await systemClock.sleep(500);
        }
        assert.ok(gate.dials > 1 && gate.dials <= mostDials, `${gate.dials} dials`);
        assert.ok(mostAtOnce <= 1, `${mostAtOnce} calls at once`);
        ca.answer = undefined;
        gate.mode = "open";
        await fetchLeaf(socket);
      },

    "row 5: a CA that accepts and never answers is given up in time, and no stream waits for it":
      async () => {
        const ca = await stage.ca({ ttlMs: 40_000 });
        const gate = await stage.gate(ca, "open");
        const { agent, socket } = await stage.pod({ ca, caAddress: gate.address, flags: restless });
        await fetchLeaf(socket);
        gate.mode = "silent";
        const took: number[] = [];
        const unreachable = 'kasbah_agent_rotation_failures{code="CA_UNREACHABLE"}';
        await agent.until("the silent CA was given up", async () => {
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

    "row 41: a name that cannot be looked up is looked up again, and a CA that moved is found at its new address":
      async () => {
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
        await agent.until("the new address was dialled", () => second.dials > 0);
        const { leaf } = await fetchLeaf(pod.socket);
        await agent.until(
          "it has rotated",
          async () => (await fetchLeaf(pod.socket)).leaf.serialNumber !== leaf.serialNumber,
        );
      },
  });
});
