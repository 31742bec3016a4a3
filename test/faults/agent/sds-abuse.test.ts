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
/** An Envoy in a crash loop, whose listeners all reconnect together. */
const clientsAtOnce = 50;
const nacks = 1_000;
/** The memory that one reconnect may leave behind, and the normal variation of live memory. */
const mostBytesEach = 1_024;
const mostNoiseBytes = 2 * 1_024 * 1_024;
const mostMiB = 150;

describe("Agent whose Envoy misbehaves", function () {
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

  /** Once a request on another stream is answered, everything queued before it has been processed. */
  const settled = async () => {
    await fetchLeaf(pod.socket);
    await systemClock.sleep(200);
  };

  it(`row 28: sends one response per version to a client that rejects it ${nacks} times, and sends the next version once available`, async () => {
    using envoy = new SdsClient(pod.socket);
    envoy.say();
    await responses(pod, envoy, 1);
    const refuse = ({ nonce, versionInfo }: Received) => {
      const errorDetail = { code: 3, message: `no\u0007good${"!".repeat(4_000)}` };
      for (let i = 0; i < nacks; i += 1) envoy.say({ responseNonce: nonce, versionInfo, errorDetail });
    };
    refuse(envoy.received[0] as Received);
    await pod.agent.until(
      "every NACK is counted",
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

  it("row 29: keeps the stream open after a wrong nonce, another type, no names, repeated names and ten thousand other names", async () => {
    using envoy = new SdsClient(pod.socket);
    envoy.say({ resourceNames: ["default"] });
    await responses(pod, envoy, 1);
    const nonce = () => envoy.received.at(-1)?.nonce ?? "";

    envoy.say({ responseNonce: "of another stream" });
    envoy.say({ typeUrl: "type.googleapis.com/envoy.config.cluster.v3.Cluster" });
    envoy.say({ responseNonce: nonce(), resourceNames: ["default", "default", "default"] });
    const otherNames = Array.from({ length: 10_000 }, (_, i) => `name-${i}`);
    envoy.say({ responseNonce: nonce(), resourceNames: ["default", ...otherNames] });
    await settled();
    assert.deepEqual([envoy.isClosed, envoy.leaves.length], [false, 1]);

    envoy.say({ responseNonce: nonce(), resourceNames: [] });
    envoy.say({ responseNonce: nonce(), resourceNames: ["default", "ROOTCA"] });
    await pod.agent.until(
      "both secrets are served again",
      () => envoy.leaves.length === 2 && envoy.roots.length === 1,
    );
  });

  it("row 29: closes only the offending stream, with INVALID_ARGUMENT, after garbage or a request without a node", async () => {
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

  it(`row 34: stays below ${mostMiB} MiB under all of this and fifty reconnects per second`, async () => {
    for (let second = 0; second < 5; second += 1) {
      await reconnect(50);
      await systemClock.sleep(1_000);
    }
    const { peakMiB } = await pod.agent.vitals();
    process.stdout.write(`      at most ${peakMiB.toFixed(0)} MiB resident\n`);
    assert.ok(peakMiB < mostMiB, `${peakMiB} MiB`);
  });

  it(`row 27: uses no more descriptors and no more memory after ${reconnects} answered reconnects`, async () => {
    const { agent } = pod;
    const noStream = async () => (await agent.metric("kasbah_agent_sds_streams")) === 0;
    // Triggers the one-time allocations first.
    await reconnect(reconnects / 4);
    await agent.until("no stream is left", noStream);
    const before = { ...(await agent.vitals()), bytes: await liveBytes(agent) };
    await reconnect(reconnects);
    await agent.until("no stream is left", noStream);
    await agent.until("no descriptor is left", async () => (await agent.vitals()).fds <= before.fds + 2);
    const grown = (await liveBytes(agent)) - before.bytes;
    const { rssMiB } = await agent.vitals();
    const each = `${(grown / reconnects).toFixed(0)} bytes remain per reconnect`;
    process.stdout.write(`      ${each}, ${before.rssMiB.toFixed(0)} to ${rssMiB.toFixed(0)} MiB resident\n`);
    assert.ok(grown < reconnects * mostBytesEach + mostNoiseBytes, each);
  });
});

/** The number of reachable bytes in the process after a garbage collection. */
async function liveBytes(agent: AgentProcess): Promise<number> {
  const reported = () => [...agent.log.matchAll(/^live bytes: (\d+)$/gm)].map(([, bytes]) => Number(bytes));
  const known = reported().length;
  agent.child.kill("SIGUSR2");
  await agent.until("live bytes are logged", () => reported().length > known);
  return reported().at(-1) ?? 0;
}
