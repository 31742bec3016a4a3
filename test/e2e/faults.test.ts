import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import type { Mesh } from "@kasbah/cli/mesh";
import { formatHostPort, systemClock } from "@kasbah/runtime";
import { createTestAuthority, freePort } from "@kasbah/testkit";
import type { AgentProcess } from "../harness/agent-process.ts";
import { setUpTimeoutMs } from "../harness/envoy.ts";
import { startTestMesh } from "../harness/mesh.ts";
import { Pod, type PodOptions } from "../harness/pod.ts";
import { fetchLeaf } from "../harness/sds-client.ts";

const workload = { namespace: "demo", serviceAccount: "lonely" };

describe("Agent under faults of its environment", function () {
  this.timeout(setUpTimeoutMs);
  let mesh: Mesh;
  let pods: Pod[];

  before(async () => {
    // No other agent rotates meanwhile, so every call that the CA counts comes from this agent.
    mesh = await startTestMesh({ secretTtlMs: 3_600_000 });
  });

  after(() => mesh?.stop());

  beforeEach(() => {
    pods = [];
  });

  afterEach(async () => {
    for (const pod of pods) await pod[Symbol.asyncDispose]();
  });

  const mint = (changes: { audience?: string; lifetimeMs?: number } = {}) =>
    mesh.tokens.mint({ ...workload, now: systemClock.now(), ...changes });

  const goodRoots = () => readFileSync(mesh.ca.rootPath, "utf8");

  /** Starts an agent next to a healthy mesh; `arrange` may spoil its valid token or its valid root file. */
  async function start(
    arrange: (pod: Pod) => Promise<void> | void = () => {},
    { flags, ...options }: Partial<PodOptions> = {},
  ): Promise<Pod> {
    const ca = { address: mesh.ca.grpcAddress, authority: { rootPem: goodRoots() } };
    const all = { "--secret-ttl": "10s", ...flags };
    const pod = await Pod.create({ ca, token: await mint(), ...options, flags: all });
    pods.push(pod);
    await arrange(pod);
    pod.start();
    return pod;
  }

  /** The agent's own code, or the CA's code in the text of CA_REFUSED. */
  async function staysUpSaying(agent: AgentProcess, code: string): Promise<void> {
    await agent.says(code);
    assert.equal(agent.hasExited, false);
    assert.equal((await agent.readiness()).ready, false);
    assert.doesNotMatch(agent.log, /eyJ|BEGIN /);
  }

  const faults: readonly [string, string, (pod: Pod) => Promise<void>][] = [
    ["a missing token file", "TOKEN_UNREADABLE", ({ token }) => token.swap({})],
    ["an empty token file", "TOKEN_EMPTY", ({ token }) => token.swap({ token: " \n" })],
    [
      "a token for another audience",
      "TOKEN_AUDIENCE",
      async ({ token }) => token.swap({ token: await mint({ audience: "elsewhere" }) }),
    ],
    [
      "an expired token",
      "TOKEN_EXPIRED",
      async ({ token }) => {
        const now = new Date(systemClock.now().getTime() - 3_600_000);
        await token.swap({ token: await mesh.tokens.mint({ ...workload, now, lifetimeMs: 60_000 }) });
      },
    ],
    ["a missing root file", "ROOTS_UNREADABLE", ({ rootPath }) => rm(rootPath)],
  ];
  for (const [fault, code, arrange] of faults) {
    const row = code === "TOKEN_EXPIRED" ? "row 21: " : "";
    it(`${row}stays up with ${fault}, reports ${code}, and recovers automatically when the fault is fixed`, async () => {
      const { agent, token, rootPath } = await start(arrange);
      await staysUpSaying(agent, code);
      await token.swap({ token: await mint() });
      await writeFile(rootPath, goodRoots());
      await agent.until("it is ready", () => agent.isReady());
    });
  }

  it("stays up and reports CA_UNREACHABLE if nothing listens at the CA's address", async () => {
    const { agent } = await start(() => {}, { caAddress: `127.0.0.1:${await freePort()}` });
    await staysUpSaying(agent, "CA_UNREACHABLE");
  });

  it("sends no call, and therefore no token, to a CA that it cannot verify", async () => {
    const callsBefore = await callsReceived(mesh);
    const { rootPem } = await createTestAuthority();
    const { agent } = await start(({ rootPath }) => writeFile(rootPath, rootPem));
    await staysUpSaying(agent, "CA_UNREACHABLE");
    assert.equal(await callsReceived(mesh), callsBefore);
  });

  it("keeps serving its certificate while its token is expired and it may not authenticate with the certificate", async () => {
    const { agent, token, socket } = await start(() => {}, { flags: { "--token-only": true } });
    await agent.until("it is ready", () => agent.isReady());
    const { leaf } = await fetchLeaf(socket);
    await token.swap({ token: "" });
    await agent.says("TOKEN_EMPTY");
    assert.equal((await fetchLeaf(socket)).leaf.serialNumber, leaf.serialNumber);
    assert.equal(await agent.isReady(), true);
  });

  it("renews with its own certificate when its token has expired", async () => {
    const { agent, token, socket } = await start();
    await agent.until("it is ready", () => agent.isReady());
    const { leaf } = await fetchLeaf(socket);
    await token.swap({ token: "" });
    await agent.until(
      "the certificate has been replaced",
      async () => (await fetchLeaf(socket)).leaf.serialNumber !== leaf.serialNumber,
    );
    assert.equal(await agent.isReady(), true);
  });
});

/** The number of certificate requests that have reached the CA, with or without a token. */
async function callsReceived({ ca }: Mesh): Promise<number> {
  const metrics = await (await fetch(`http://${formatHostPort(ca.httpAddress)}/metrics`)).text();
  const [, count] = /^citadel_server_csr_count (\d+)$/m.exec(metrics) ?? [];
  assert.ok(count !== undefined, "the CA must count requests");
  return Number(count);
}
