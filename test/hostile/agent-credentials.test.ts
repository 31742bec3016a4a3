import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { eventually, type FakeCa, freePort, startFakeCa } from "@kasbah/testkit";
import { fetchSecret } from "../e2e/sds-client.ts";
import { type AgentOptions, type AgentProcess, startAgent } from "./agent/agent-process.ts";

const soonMs = 30_000;
const now = () => new Date();
const spiffeId = "spiffe://cluster.local/ns/demo/sa/frontend";
const rotatesEachSecond = ["--grace-period-ratio", "1", "--grace-period-jitter", "0"];

/** A token of demo/frontend that ends after so long. */
function tokenFor(ms: number): string {
  const claims = {
    sub: "system:serviceaccount:demo:frontend",
    exp: Math.floor((now().getTime() + ms) / 1_000),
  };
  return `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;
}

describe("An agent on its way to the CA", function () {
  this.timeout(60_000);
  let ca: FakeCa;
  let agent: AgentProcess | undefined;

  beforeEach(async () => {
    ca = await startFakeCa({ now });
  });

  afterEach(async () => {
    await agent?.stop();
    agent = undefined;
    await ca.close();
  });

  const start = async (options: Partial<AgentOptions> = {}) => {
    agent = await startAgent({ caAddresses: [ca.address], rootPem: ca.authority.rootPem, ...options });
    return agent;
  };
  const isShown = (call: FakeCa["calls"][number] | undefined) =>
    call?.peerLeaf?.spiffeId?.toString() === spiffeId;

  it("row 21: keeps an expired token to itself, says so, and takes the new one as soon as it is there", async () => {
    const started = await start({ token: tokenFor(-60_000) });
    await eventually(async () => (await started.readiness()).body.includes("TOKEN_EXPIRED"), soonMs);
    assert.equal(ca.calls.length, 0);
    // The next attempt without a change is ten seconds away at least, and minutes on average.
    await writeFile(started.tokenPath, tokenFor(600_000));
    await fetchSecret(started.socket);
    assert.match(ca.calls[0]?.authorization ?? "", /^Bearer e30\./);
  });

  it("shows no certificate while it has a token, and its own when the token is gone", async () => {
    const started = await start({ flags: rotatesEachSecond, token: tokenFor(600_000) });
    await eventually(() => ca.calls.length >= 2, soonMs);
    assert.ok(
      ca.calls.every(({ authorization, peerLeaf }) => authorization !== "" && peerLeaf === undefined),
    );
    await rm(started.tokenPath);
    await eventually(() => isShown(ca.calls.at(-1)), soonMs);
    assert.equal(ca.calls.at(-1)?.authorization, "");
    const { length } = ca.calls;
    await eventually(() => ca.calls.length >= length + 2, soonMs);
    assert.equal((await started.readiness()).ready, true);
  });

  it("never shows its certificate when told so", async () => {
    const started = await start({ flags: [...rotatesEachSecond, "--token-only"], token: tokenFor(600_000) });
    await fetchSecret(started.socket);
    await rm(started.tokenPath);
    const failed = 'kasbah_agent_rotation_failures{code="TOKEN_UNREADABLE"}';
    await eventually(async () => (await started.metric(failed)) >= 2, soonMs);
    assert.ok(!ca.calls.some(isShown));
  });

  it("row 41: finds the CA that is there among several, and sends what it was told to", async () => {
    const dead = { host: "127.0.0.1", port: await freePort() };
    const env = { CA_HEADER_tenant: "blue", ISTIO_META_CLUSTER_ID: "one" };
    const { socket } = await start({ caAddresses: [dead, ca.address], env });
    await fetchSecret(socket);
    assert.equal(ca.calls.length, 1);
    assert.equal(ca.calls[0]?.header("tenant"), "blue");
    assert.equal(ca.calls[0]?.header("clusterid"), "one");
  });
});
