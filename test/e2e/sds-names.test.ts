import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, writeFileSync } from "node:fs";
import { EnvoyAdmin } from "@kasbah/cli/mesh";
import { systemClock } from "@kasbah/runtime";
import {
  eventually,
  type FakeCa,
  freePort,
  startFakeCa,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { setUpTimeoutMs, testEnvoy } from "../harness/envoy.ts";
import { mintToken, Pod } from "../harness/pod.ts";
import { fetchSecret } from "../harness/sds-client.ts";
import { patienceMs } from "../harness/until.ts";
import { bootstrapWithDoors, type Door } from "./sds/envoy-doors.ts";
import { type KeyAndChain, knock } from "./sds/knock.ts";

const own = "spiffe://cluster.local/ns/demo/sa/gateway";

describe("Envoy that subscribes to every name over both protocols, and to an unknown name", function () {
  this.timeout(setUpTimeoutMs);
  let directory: TemporaryDirectory;
  let ca: FakeCa;
  let pod: Pod;
  let envoy: ChildProcess | undefined;
  let admin: EnvoyAdmin;
  let good: Door[];
  let lost: Door[];
  let client: KeyAndChain;

  before(async () => {
    directory = await temporaryDirectory();
    ca = await startFakeCa({ now: () => systemClock.now() });
    pod = await Pod.create({ ca, token: await mintToken("gateway") });
    await pod.start().says("daemon started");

    const istio = { certificate: "default", roots: "ROOTCA", fetchTimeout: "0s" };
    const spire = { certificate: own, roots: "spiffe://cluster.local", fetchTimeout: "0s" };
    const unknown = { certificate: "kubernetes://demo/other", roots: "ROOTCA" };
    const door = async (of: Omit<Door, "port">): Promise<Door> => ({ ...of, port: await freePort() });
    good = [
      await door({ protocol: "GRPC", ...istio }),
      await door({ protocol: "DELTA_GRPC", ...istio }),
      await door({ protocol: "GRPC", ...spire }),
      await door({ protocol: "DELTA_GRPC", ...spire }),
    ];
    lost = [
      // The state-of-the-world protocol cannot express that a resource does not exist, so Envoy needs a
      // timeout.
      await door({ protocol: "GRPC", ...unknown, fetchTimeout: "1s" }),
      await door({ protocol: "DELTA_GRPC", ...unknown, fetchTimeout: "0s" }),
    ];
    const address = { host: "127.0.0.1", port: await freePort() };
    admin = new EnvoyAdmin(address);
    client = await fetchSecret(pod.socket);
    await startEnvoy(address);
    await eventually(() => admin.isReady(), patienceMs);
  });

  after(async () => {
    await end(envoy);
    await pod?.[Symbol.asyncDispose]();
    await ca?.close();
    await directory?.remove();
  });

  async function startEnvoy(address: { host: string; port: number }): Promise<void> {
    const path = directory.join("envoy.json");
    const settings = { admin: address, sdsSocket: pod.socket, doors: [...good, ...lost] };
    writeFileSync(path, JSON.stringify(bootstrapWithDoors(settings)));
    const log = openSync(directory.join("envoy.log"), "a");
    const args = ["-c", path, "--use-dynamic-base-id", "--log-level", "warning"];
    envoy = spawn(await testEnvoy(), args, { stdio: ["ignore", log, log] });
  }

  const serials = () => Promise.all(good.map(({ port }) => knock(port, client, ca.authority.rootPem)));

  it("opens every listener with the same certificate, regardless of the name and the protocol", async () => {
    const shown = await serials();
    assert.equal(shown.length, 4);
    assert.equal(new Set(shown).size, 1, String(shown));
  });

  it("keeps listeners closed whose secret does not exist, and the agent logs each name once", async () => {
    for (const { port } of lost) await assert.rejects(knock(port, client, ca.authority.rootPem));
    const lines = pod.agent.log.split("\n").filter((line) => line.includes("RESOURCE_UNKNOWN"));
    assert.equal(lines.length, 1, lines.join("\n"));
    assert.match(lines[0] ?? "", /kubernetes:\/\/demo\/other/);
  });

  it("presents a new certificate at every listener after the agent is killed and restarted", async () => {
    const [before] = await serials();
    await pod.agent.kill();
    assert.deepEqual(
      new Set(await serials()),
      new Set([before]),
      "Envoy must keep serving without its agent",
    );
    pod.start();
    await eventually(async () => !(await serials()).includes(before ?? ""), patienceMs);
    assert.equal(new Set(await serials()).size, 1);
  });

  it("presents each renewed certificate at every listener without a failed connection", async () => {
    await pod.agent.kill();
    ca.ttlMs = 12_000;
    pod.start();
    const seen = new Set<string>();
    await eventually(async () => {
      for (const serial of await serials()) seen.add(serial);
      client = await fetchSecret(pod.socket).catch(() => client);
      return seen.size >= 4;
    }, patienceMs);
    await eventually(async () => new Set(await serials()).size === 1);
    for (const name of ["default", "ROOTCA"])
      assert.equal(await admin.stat(`sds.${name}.update_rejected`), 0);
  });
});

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child?.exitCode === null && child.signalCode === null && child.kill("SIGKILL"))
    await once(child, "exit");
}
