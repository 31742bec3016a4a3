import assert from "node:assert/strict";
import { formatHostPort } from "@kasbah/runtime";
import { type FakeCa, freePort, startFakeCa } from "@kasbah/testkit";
import { lonelySpiffeId, mintToken, Pod, type PodOptions } from "../harness/pod.ts";
import { fetchLeaf } from "../harness/sds-client.ts";
import { suiteTimeoutMs } from "../harness/until.ts";

const now = () => new Date();
/** The identity of an agent without a token. */
const named = { "--namespace": "demo", "--service-account": "lonely" };
const rotatesEachSecond = { ...named, "--grace-period-ratio": "1", "--grace-period-jitter": "0" };

describe("Agent's credentials for the CA", function () {
  this.timeout(suiteTimeoutMs);
  let ca: FakeCa;
  let pod: Pod | undefined;

  beforeEach(async () => {
    ca = await startFakeCa({ now });
  });

  afterEach(async () => {
    await pod?.[Symbol.asyncDispose]();
    pod = undefined;
    await ca.close();
  });

  const start = async (options: Partial<PodOptions> = {}) => {
    pod = await Pod.create({ ca, flags: named, ...options });
    await pod.start().says("daemon started");
    return pod;
  };
  const presentsCertificate = (call: FakeCa["calls"][number] | undefined) =>
    call?.peerLeaf?.spiffeId?.toString() === lonelySpiffeId;

  it("row 21: never sends an expired token, reports it, and uses a new token as soon as it is available", async () => {
    const { agent, token, socket } = await start({ token: await mintToken("lonely", -60_000) });
    await agent.until("it reports the expired token", async () =>
      (await agent.readiness()).reasons.join().includes("TOKEN_EXPIRED"),
    );
    assert.equal(ca.calls.length, 0);
    // Without a change of the file, the next attempt would be at least ten seconds away, and minutes on
    // average.
    const good = await mintToken();
    await token.swap({ token: good });
    await fetchLeaf(socket);
    assert.equal(ca.calls[0]?.authorization, `Bearer ${good}`);
  });

  it("presents no certificate while it has a token, and presents its own once the token is removed", async () => {
    const { agent, token } = await start({ flags: rotatesEachSecond });
    await agent.until("it has rotated", () => ca.calls.length >= 2);
    assert.ok(
      ca.calls.every(({ authorization, peerLeaf }) => authorization !== "" && peerLeaf === undefined),
    );
    await token.swap({});
    await agent.until("it presents its certificate", () => presentsCertificate(ca.calls.at(-1)));
    assert.equal(ca.calls.at(-1)?.authorization, "");
    const { length } = ca.calls;
    await agent.until("it keeps rotating", () => ca.calls.length >= length + 2);
    assert.equal(await agent.isReady(), true);
  });

  it("never presents its certificate with --token-only", async () => {
    const { agent, token, socket } = await start({ flags: { ...rotatesEachSecond, "--token-only": true } });
    await fetchLeaf(socket);
    await token.swap({});
    const failed = 'kasbah_agent_rotation_failures{code="TOKEN_UNREADABLE"}';
    await agent.until("two failures", async () => ((await agent.metric(failed)) ?? 0) >= 2);
    assert.ok(!ca.calls.some(presentsCertificate));
  });

  it("finds the working one of several CA addresses, and sends the configured headers", async () => {
    const dead = `127.0.0.1:${await freePort()}`;
    const flags = { "--ca-address": [dead, formatHostPort(ca.address)] };
    const env = { CA_HEADER_tenant: "blue", ISTIO_META_CLUSTER_ID: "one" };
    const { socket } = await start({ flags, env });
    await fetchLeaf(socket);
    assert.equal(ca.calls.length, 1);
    assert.equal(ca.calls[0]?.header("tenant"), "blue");
    assert.equal(ca.calls[0]?.header("clusterid"), "one");
  });
});
