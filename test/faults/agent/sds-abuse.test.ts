import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { systemClock } from "@kasbah/runtime";
import { createTestAuthority, type FakeCa } from "@kasbah/testkit";
import type { AgentProcess } from "../../harness/agent-process.ts";
import type { Pod } from "../../harness/pod.ts";
import { fetchLeaf, type Received, SdsClient } from "../../harness/sds-client.ts";
import { suiteTimeoutMs } from "../../harness/until.ts";
import { tellsHeapOnSignal } from "./failpoints.ts";
import { Stage } from "./stage.ts";

const reconnects = Number(process.env["KASBAH_RECONNECTS"] ?? 2_000);
/** An Envoy that crashes at once in a loop, and all its listeners come back together. */
const clientsAtOnce = 50;
const nacks = 1_000;
/** What one reconnect may leave behind, and by how much what is alive varies by itself. */
const mostBytesEach = 1_024;
const mostNoiseBytes = 2 * 1_024 * 1_024;
const mostMiB = 150;

describe("An agent whose Envoy misbehaves", function () {
  this.timeout(suiteTimeoutMs);
  const stage = new Stage();
  let ca: FakeCa;
  let pod: Pod;

  before(async () => {
    ca = await stage.ca();
    pod = await stage.pod({ ca, failpoint: tellsHeapOnSignal });
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

  const reconnect = async (times: number) => {
    for (let i = 0; i < times; i += clientsAtOnce) {
      await Promise.all(Array.from({ length: clientsAtOnce }, () => fetchLeaf(pod.socket)));
    }
  };

  it(`row 34: stays within ${mostMiB} MiB under all of this, and fifty reconnects a second`, async () => {
    for (let second = 0; second < 5; second += 1) {
      await reconnect(50);
      await systemClock.sleep(1_000);
    }
    const { peakMiB } = await pod.agent.vitals();
    process.stdout.write(`      at most ${peakMiB.toFixed(0)} MiB were resident\n`);
    assert.ok(peakMiB < mostMiB, `${peakMiB} MiB`);
  });

  it(`row 27: after ${reconnects} reconnects, each answered, it has no more descriptors and nothing more in memory`, async () => {
    const { agent } = pod;
    const noStream = async () => (await agent.metric("kasbah_agent_sds_streams")) === 0;
    // What is allocated once for good is allocated now.
    await reconnect(reconnects / 4);
    await agent.until("no stream is left", noStream);
    const before = { ...(await agent.vitals()), bytes: await liveBytes(agent) };
    await reconnect(reconnects);
    await agent.until("no stream is left", noStream);
    await agent.until("no descriptor is left", async () => (await agent.vitals()).fds <= before.fds + 2);
    const grown = (await liveBytes(agent)) - before.bytes;
    const { rssMiB } = await agent.vitals();
    const each = `${(grown / reconnects).toFixed(0)} bytes are left of each reconnect`;
    process.stdout.write(`      ${each}, ${before.rssMiB.toFixed(0)} to ${rssMiB.toFixed(0)} MiB resident\n`);
    assert.ok(grown < reconnects * mostBytesEach + mostNoiseBytes, each);
  });
});

/** What is reachable in the process, its garbage collected. */
async function liveBytes(agent: AgentProcess): Promise<number> {
  const told = () => [...agent.log.matchAll(/^live bytes: (\d+)$/gm)].map(([, bytes]) => Number(bytes));
  const known = told().length;
  agent.child.kill("SIGUSR2");
  await agent.until("what is alive", () => told().length > known);
  return told().at(-1) ?? 0;
}
