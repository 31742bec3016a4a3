import assert from "node:assert/strict";
import { link, mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:tls";
import { EnvoyAdmin } from "@kasbah/cli/mesh";
import { createKeyPair } from "@kasbah/pki";
import { createTestAuthority, eventually, freePort, temporaryDirectory } from "@kasbah/testkit";
import { AgentProcess } from "../harness/agent-process.ts";
import { setUpTimeoutMs } from "../harness/envoy.ts";
import { patienceMs } from "../harness/until.ts";
import { bootstrapWithNames, hostOf, protocols } from "./sds/many-names.ts";
import { RunningEnvoy } from "./sds/running-envoy.ts";

/** More than Envoy's default limit of 1024 requests to one cluster. */
const count = 1_500;

describe(`Envoy with the documented cluster and ${count} file names, over each protocol`, function () {
  this.timeout(setUpTimeoutMs);

  it("gets all of them, and presents the right certificate to each host", async () => {
    await using home = await temporaryDirectory();
    const serials = await mintPairs(home.join("certs"));
    const sdsSocket = home.join("socket");
    await using agent = new AgentProcess({
      flags: {
        "--ca-address": `127.0.0.1:${await freePort()}`,
        "--token-file": home.join("token"),
        "--file-directory": home.join("certs"),
        "--sds-socket": sdsSocket,
        "--status-address": "127.0.0.1:0",
        "--log-format": "json",
      },
    });
    await agent.says("daemon started");
    const names = Array.from({ length: count }, (_, index) => {
      const base = home.join("certs", String(index));
      return `file-cert:${base}.crt~${base}.key`;
    });
    const admin = { host: "127.0.0.1", port: await freePort() };
    const ports = { GRPC: await freePort(), DELTA_GRPC: await freePort() };
    await using _ = await RunningEnvoy.start(bootstrapWithNames({ admin, sdsSocket, ports, names }));
    await eventually(() => new EnvoyAdmin(admin).isReady(), patienceMs);
    for (const protocol of protocols) {
      for (const index of [0, 1, 1_023, 1_024, 1_025, count - 1]) {
        const host = hostOf(index);
        assert.equal(
          await shownTo(host, ports[protocol]),
          serials[index % serials.length],
          `${host} ${protocol}`,
        );
      }
    }
    assert.match(await agent.status("/metrics"), new RegExp(`^kasbah_agent_sds_streams ${2 * count}$`, "m"));
  });
});

/** Writes a pair for each name, of a few different ones, and returns the serial numbers of these. */
async function mintPairs(directory: string): Promise<readonly string[]> {
  const different = 16;
  await mkdir(directory);
  const authority = await createTestAuthority("Public");
  const serials: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const [crt, key] = [".crt", ".key"].map((suffix) => (at: number) => `${directory}/${at}${suffix}`);
    assert.ok(crt !== undefined && key !== undefined);
    if (index >= different) {
      await link(crt(index % different), crt(index));
      await link(key(index % different), key(index));
      continue;
    }
    const keyPair = await createKeyPair("P-256");
    const names = [{ kind: "dns", value: hostOf(index) }] as const;
    const leaf = await authority.issue({ publicKey: keyPair.publicKey, names });
    await writeFile(crt(index), leaf.toPem());
    await writeFile(key(index), keyPair.toPkcs8Pem(), { mode: 0o600 });
    serials.push(leaf.serial);
  }
  return serials;
}

/** The serial number of the certificate that a host presents. */
async function shownTo(servername: string, port: number): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, servername, rejectUnauthorized: false });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      resolve(socket.getPeerCertificate().serialNumber.toLowerCase());
      socket.destroy();
    });
  });
}
