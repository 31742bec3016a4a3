import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Mesh } from "@kasbah/cli/mesh";
import { formatHostPort, systemClock } from "@kasbah/runtime";
import { createTestAuthority, freePort } from "@kasbah/testkit";
import { repositoryRoot } from "./repository.ts";
import { fetchSecret } from "./sds-client.ts";
import { setUpTimeoutMs, startTestMesh } from "./test-mesh.ts";

const agentBin = join(repositoryRoot, "packages/agent/bin/kasbah-agent.js");
const workload = { namespace: "demo", serviceAccount: "lonely" };

/** What an agent is given. */
interface Files {
  readonly tokenPath: string;
  readonly rootPath: string;
  readonly socket: string;
}

/** An agent process alone with one fault, beside a healthy mesh. */
interface LoneAgent extends Files {
  readonly process: ChildProcess;
  log(): string;
  isReady(): Promise<boolean>;
}

describe("When things are wrong, the agent", function () {
  this.timeout(setUpTimeoutMs);
  let mesh: Mesh;
  let folder: string;
  let agents: LoneAgent[];

  before(async () => {
    // Nobody else rotates in the meantime, so every call that the CA counts is the lone agent's.
    mesh = await startTestMesh({ secretTtlMs: 3_600_000 });
  });

  after(() => mesh?.stop());

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kasbah-fault-"));
    agents = [];
  });

  afterEach(async () => {
    for (const { process: child } of agents) {
      if (child.exitCode === null && child.kill("SIGKILL")) await once(child, "exit");
    }
    rmSync(folder, { recursive: true });
  });

  const mint = (changes: { audience?: string; lifetimeMs?: number } = {}) =>
    mesh.tokens.mint({ ...workload, now: systemClock.now(), ...changes });

  /** Starts with what `arrange` leaves of a good token and a good root file. */
  async function start(
    arrange: (files: Files) => Promise<void> | void,
    { caAddress, more = [] }: { caAddress?: string; more?: readonly string[] } = {},
  ): Promise<LoneAgent> {
    const path = (name: string) => join(folder, name);
    const port = await freePort();
    let log = "";
    const flags = {
      "--ca-address": caAddress ?? formatHostPort(mesh.ca.grpcAddress),
      "--ca-root": path("root.pem"),
      "--token-file": path("token"),
      "--sds-socket": path("uds/socket"),
      "--status-address": `127.0.0.1:${port}`,
      "--secret-ttl": "10s",
      "--log-format": "json",
    };
    writeFileSync(path("token"), await mint());
    cpSync(mesh.ca.rootPath, path("root.pem"));
    const files = { tokenPath: path("token"), rootPath: path("root.pem"), socket: path("uds/socket") };
    await arrange(files);
    const child = spawn(process.execPath, [agentBin, ...Object.entries(flags).flat(), ...more], {
      stdio: ["ignore", "pipe", "inherit"],
      env: {},
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
    const ready = () =>
      fetch(`http://127.0.0.1:${port}/healthz/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    const agent = { ...files, process: child, log: () => log, isReady: ready };
    agents.push(agent);
    return agent;
  }

  /** The code of the agent's own, or the CA's within the text of CA_REFUSED. */
  async function staysUpSaying(agent: LoneAgent, code: string): Promise<void> {
    await until(`the log says ${code}`, () => agent.log().includes(code));
    assert.equal(agent.process.exitCode, null);
    assert.equal(await agent.isReady(), false);
    assert.doesNotMatch(agent.log(), /eyJ|BEGIN /);
  }

  const faults: readonly [string, string, (files: Files) => Promise<void> | void][] = [
    ["a missing token file", "TOKEN_UNREADABLE", ({ tokenPath }) => rmSync(tokenPath)],
    ["an empty token file", "TOKEN_EMPTY", ({ tokenPath }) => writeFileSync(tokenPath, " \n")],
    [
      "a token for another audience",
      "TOKEN_AUDIENCE",
      async ({ tokenPath }) => writeFileSync(tokenPath, await mint({ audience: "elsewhere" })),
    ],
    [
      "an expired token",
      "TOKEN_EXPIRED",
      async ({ tokenPath }) => {
        const now = new Date(systemClock.now().getTime() - 3_600_000);
        writeFileSync(tokenPath, await mesh.tokens.mint({ ...workload, now, lifetimeMs: 60_000 }));
      },
    ],
    ["a missing root file", "ROOTS_UNREADABLE", ({ rootPath }) => rmSync(rootPath)],
  ];
  for (const [fault, code, arrange] of faults) {
    it(`stays up over ${fault}, says ${code}, and recovers by itself when it is mended`, async () => {
      const agent = await start(arrange);
      await staysUpSaying(agent, code);
      writeFileSync(agent.tokenPath, await mint());
      writeFileSync(agent.rootPath, readFileSync(mesh.ca.rootPath));
      await until("the agent is ready", agent.isReady);
    });
  }

  it("stays up while nobody answers at the CA's address, and says CA_UNREACHABLE", async () => {
    const agent = await start(() => {}, { caAddress: `127.0.0.1:${await freePort()}` });
    await staysUpSaying(agent, "CA_UNREACHABLE");
  });

  it("makes no call, and so gives no token, to a CA that it cannot verify", async () => {
    const callsBefore = await callsReceived(mesh);
    const { rootPem } = await createTestAuthority();
    const agent = await start(({ rootPath }) => writeFileSync(rootPath, rootPem));
    await staysUpSaying(agent, "CA_UNREACHABLE");
    assert.equal(await callsReceived(mesh), callsBefore);
  });

  it("keeps serving what it has while its token is no longer good and its certificate may not be shown", async () => {
    const agent = await start(() => {}, { more: ["--token-only"] });
    await until("the agent is ready", agent.isReady);
    const { certificateChain } = await fetchSecret(agent.socket);
    writeFileSync(agent.tokenPath, "");
    await until("rotation has failed", () => agent.log().includes("TOKEN_EMPTY"));
    assert.deepEqual((await fetchSecret(agent.socket)).certificateChain, certificateChain);
    assert.equal(await agent.isReady(), true);
  });

  it("goes on by its own certificate when its token is no longer good", async () => {
    const agent = await start(() => {});
    await until("the agent is ready", agent.isReady);
    const first = await fetchSecret(agent.socket);
    writeFileSync(agent.tokenPath, "");
    const isNew = async () =>
      Buffer.compare((await fetchSecret(agent.socket)).certificateChain, first.certificateChain) !== 0;
    await until("the certificate is another", isNew);
    assert.equal(await agent.isReady(), true);
  });
});

/** How many requests for a certificate have reached the CA, with or without a token. */
async function callsReceived({ ca }: Mesh): Promise<number> {
  const metrics = await (await fetch(`http://${formatHostPort(ca.httpAddress)}/metrics`)).text();
  const [, count] = /^citadel_server_csr_count (\d+)$/m.exec(metrics) ?? [];
  assert.ok(count !== undefined, "the CA counts requests");
  return Number(count);
}

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const startedAt = systemClock.monotonicMs();
  while (!(await isSo())) {
    assert.ok(systemClock.monotonicMs() - startedAt < 45_000, `not within 45 s: ${what}`);
    await systemClock.sleep(100);
  }
}
