import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createBootstrap, EnvoyAdmin, type Mesh } from "@kasbah/cli/mesh";
import { formatHostPort, type HostPort } from "@kasbah/runtime";
import { eventually, freePort, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { AgentProcess } from "../harness/agent-process.ts";
import { setUpTimeoutMs, testEnvoy } from "../harness/envoy.ts";
import { LoggedProcess } from "../harness/logged-process.ts";
import { startTestMesh } from "../harness/mesh.ts";
import { agentBin } from "../harness/repository.ts";

interface Report {
  readonly level: string;
  readonly findings: readonly { readonly code: string; readonly what: string; readonly fix: string }[];
  readonly checks: readonly { readonly area: string; readonly state: string; readonly what: string }[];
}

describe("kasbah-agent doctor beside a real Envoy", function () {
  this.timeout(setUpTimeoutMs);
  let mesh: Mesh;
  let directory: TemporaryDirectory;

  before(async () => {
    directory = await temporaryDirectory();
    mesh = await startTestMesh({ secretTtlMs: 600_000 });
  });
  after(async () => {
    await mesh?.stop();
    await directory.remove();
  });

  const caFlags = () => ({
    "--ca-address": formatHostPort(mesh.ca.grpcAddress),
    "--ca-root": mesh.ca.rootPath,
    "--token-file": mesh.frontend.tokenPath,
  });

  async function examine(flags: Readonly<Record<string, string>>): Promise<Report> {
    const all = { ...caFlags(), ...flags };
    const command = [process.execPath, agentBin, "doctor", "--json", ...Object.entries(all).flat()];
    const doctor = new LoggedProcess({ title: "kasbah-agent doctor", command });
    await doctor.exited;
    return JSON.parse(doctor.log);
  }

  const ofFrontend = (admin: HostPort = mesh.frontend.adminAddress) => ({
    "--sds-socket": mesh.frontend.sdsSocket,
    "--status-address": formatHostPort(mesh.frontend.statusAddress),
    "--envoy-admin": formatHostPort(admin),
  });

  it("finds nothing wrong in a mesh that works, and compares the serials", async () => {
    const { level, findings, checks } = await examine(ofFrontend());
    assert.deepEqual([level, findings], ["ok", []]);
    const serial = (area: string) =>
      /serial ([0-9a-f]+)/.exec(checks.find((one) => one.area === area)?.what ?? "")?.[1];
    assert.equal(serial("envoy"), serial("socket"));
    assert.equal(checks.find(({ area }) => area === "envoy")?.state, "ok");
  });

  it("reports an Envoy that has another certificate than the agent serves", async () => {
    const [socket, port] = [directory.join("new.sds"), await freePort()];
    const own = { "--sds-socket": socket, "--status-address": `127.0.0.1:${port}` };
    const agent = new AgentProcess({ flags: { ...caFlags(), ...own, "--log-format": "json" } });
    try {
      await agent.untilReady();
      const { findings } = await examine({ ...ofFrontend(), ...own });
      const codes = findings.map(({ code }) => code);
      assert.deepEqual(codes, ["ENVOY_OLD_CERTIFICATE"]);
      assert.match(findings[0]?.what ?? "", /serial [0-9a-f]+, which expires in .*the agent's is [0-9a-f]+$/);
    } finally {
      await agent.stop();
    }
  });

  it("reports an Envoy that waits for its secrets, because its SDS socket is another one", async () => {
    const admin = { host: "127.0.0.1", port: await freePort() };
    const inbound = {
      address: { host: "127.0.0.1", port: await freePort() },
      app: mesh.app.address,
      peers: [],
    };
    const sdsSocket = join(directory.path, "unused.sds");
    const bootstrap = createBootstrap({ nodeId: "lost", cluster: "lost", admin, sdsSocket, inbound });
    await writeFile(directory.join("envoy.json"), JSON.stringify(bootstrap));
    const flags = ["-c", directory.join("envoy.json"), "--disable-hot-restart", "--concurrency", "1"];
    const envoy = spawn(await testEnvoy(), flags, { stdio: "ignore" });
    try {
      const lost = new EnvoyAdmin(admin);
      await eventually(async () => (await lost.stat("server.uptime").catch(() => -1)) >= 0, 30_000);
      const { findings } = await examine(ofFrontend(admin));
      assert.deepEqual([...new Set(findings.map(({ code }) => code))], ["ENVOY_NO_SECRET"]);
      assert.match(findings[0]?.fix ?? "", /SDS cluster at the agent's socket/);
    } finally {
      envoy.kill("SIGKILL");
      await once(envoy, "exit");
    }
  });
});
