import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { systemClock } from "@kasbah/runtime";
import { createTestAuthority, type FakeCa } from "@kasbah/testkit";
import { suiteTimeoutMs } from "./patience.ts";
import type { Pod } from "./pod.ts";
import { fetchLeaf, type Received, SdsClient } from "./sds-client.ts";
import { Stage } from "./stage.ts";

const reconnects = Number(process.env["KASBAH_RECONNECTS"] ?? 2_000);
/** An Envoy that crashes at once in a loop, and all its listeners come back together. */
const clientsAtOnce = 50;
const nacks = 1_000;
/** What one reconnect may leave behind, and what the heap may rise by itself. */
const mostKiBEach = 1;
const mostGrowthMiB = 30;
const mostMiB = 150;

describe("An agent whose Envoy misbehaves", function () {
  this.timeout(suiteTimeoutMs);
  const stage = new Stage();
  let ca: FakeCa;
  let pod: Pod;

  before(async () => {
    ca = await stage.ca();
    pod = await stage.pod({ ca });
    await fetchLeaf(pod.socket);
  });
  after(() => stage[Symbol.asyncDispose]());

  const responses = ({ agent }: Pod, client: SdsClient, count: number) =>
    agent.until(`${count} responses`, () => client.received.length >= count);

  /** Whatever was queued before it has been dealt with when the answer to a request on another stream is there. */
  const settled = async () => {
    await fetchLeaf(pod.socket);
    await systemClock.sleep(200);
  };

  it(`row 28: refused ${nacks} times, sends one response for each version, and the next version when there is one`, async () => {
    using envoy = new SdsClient(pod.socket);
    envoy.say();
    await responses(pod, envoy, 1);
    const refuse = ({ nonce, versionInfo }: Received) => {
      const errorDetail = { code: 3, message: `no\u0007good${"!".repeat(4_000)}` };
      for (let i = 0; i < nacks; i += 1) envoy.say({ responseNonce: nonce, versionInfo, errorDetail });
    };
    refuse(envoy.received[0] as Received);
    await pod.agent.until(
      "all refusals were counted",
      async () => ((await pod.agent.metric('istio_agent_pilot_total_xds_rejects{type="sds"}')) ?? 0) >= nacks,
    );
    assert.equal(envoy.received.length, 1);
    const lines = pod.agent.log.split("\n").filter((line) => line.includes("(NACK)"));
    assert.equal(lines.length, 1);
    assert.ok((lines[0] ?? "").length < 1_000 && !(lines[0] ?? "").includes("\u0007"));

    const { rootPem } = await createTestAuthority("Another");
    await writeFile(pod.rootPath, ca.authority.rootPem + rootPem);
    await responses(pod, envoy, 2);
    assert.equal(envoy.roots.length, 2);
    await writeFile(pod.rootPath, ca.authority.rootPem);
  });

  it("row 29: a wrong nonce, another type, no names, the same names and ten thousand others leave the stream standing", async () => {
    using envoy = new SdsClient(pod.socket);
    envoy.say({ resourceNames: ["default"] });
    await responses(pod, envoy, 1);
    const nonce = () => envoy.received.at(-1)?.nonce ?? "";

    envoy.say({ responseNonce: "of another stream" });
    envoy.say({ typeUrl: "type.googleapis.com/envoy.config.cluster.v3.Cluster" });
    envoy.say({ responseNonce: nonce(), resourceNames: ["default", "default", "default"] });
    const strangers = Array.from({ length: 10_000 }, (_, i) => `name-${i}`);
    envoy.say({ responseNonce: nonce(), resourceNames: ["default", ...strangers] });
    await settled();
    assert.deepEqual([envoy.isClosed, envoy.leaves.length], [false, 1]);

    envoy.say({ responseNonce: nonce(), resourceNames: [] });
    envoy.say({ responseNonce: nonce(), resourceNames: ["default", "ROOTCA"] });
    await pod.agent.until(
      "it is served after all",
      () => envoy.leaves.length === 2 && envoy.roots.length === 1,
    );
  });

  it("row 29: rubbish, or no node, ends that stream alone, with INVALID_ARGUMENT", async () => {
    using bystander = new SdsClient(pod.socket);
    bystander.say();
    await responses(pod, bystander, 1);
    for (const spoil of [
      (client: SdsClient) => client.write(Buffer.from("\xff\xff rubbish", "latin1")),
      (client: SdsClient) => client.say({ nodeId: "" }),
    ]) {
      using client = new SdsClient(pod.socket);
      spoil(client);
      await client.untilClosed();
      assert.equal(client.status, 3);
    }
    assert.equal(bystander.isClosed, false);
  });

  it(`row 27: after ${reconnects} reconnects it has no more descriptors and hardly more memory, and has answered each`, async () => {
    const { agent, socket } = pod;
    const reconnect = async (times: number) => {
      for (let i = 0; i < times; i += clientsAtOnce) {
        await Promise.all(Array.from({ length: clientsAtOnce }, () => fetchLeaf(socket)));
      }
    };
    // What is allocated once for good is allocated now.
    await reconnect(reconnects / 4);
    const before = await agent.vitals();
    await reconnect(reconnects);
    await agent.until(
      "no stream is left",
      async () => (await agent.metric("kasbah_agent_sds_streams")) === 0,
    );
    await agent.until("no descriptor is left", async () => (await agent.vitals()).fds <= before.fds + 2);
    const { rssMiB } = await agent.vitals();
    const growth = `from ${before.rssMiB.toFixed(1)} to ${rssMiB.toFixed(1)} MiB`;
    process.stdout.write(`      ${reconnects} reconnects: ${growth}\n`);
    assert.ok(rssMiB - before.rssMiB < mostGrowthMiB + (reconnects * mostKiBEach) / 1024, growth);
  });

  it("row 34: stays within its memory under all of this", async () => {
    const { peakMiB } = await pod.agent.vitals();
    process.stdout.write(`      at most ${peakMiB.toFixed(0)} MiB were resident\n`);
    assert.ok(peakMiB < mostMiB, `${peakMiB} MiB`);
  });
});
