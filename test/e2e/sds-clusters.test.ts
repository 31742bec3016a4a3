import assert from "node:assert/strict";
import { EnvoyAdmin } from "@kasbah/cli/mesh";
import { systemClock } from "@kasbah/runtime";
import { eventually, freePort, startFakeCa } from "@kasbah/testkit";
import { setUpTimeoutMs } from "../harness/envoy.ts";
import { mintToken, Pod } from "../harness/pod.ts";
import { fetchSecret } from "../harness/sds-client.ts";
import { patienceMs } from "../harness/until.ts";
import { bootstrapWithDoors, type Door } from "./sds/envoy-doors.ts";
import { knock } from "./sds/knock.ts";
import { RunningEnvoy } from "./sds/running-envoy.ts";

/** Envoy sends the name of the cluster as `:authority`. */
const clusterNames = [
  "sds-agent",
  "outbound|15012||sds.local",
  "sds socket",
  "/run/sds",
  "sds@x",
  "unix:///run/sds",
  '"sds"',
  "sds\\agent",
  "{sds}",
  "<sds>",
  "sds#1?2",
  "sds-é",
];

describe("Envoy whose SDS clusters have odd names", function () {
  this.timeout(setUpTimeoutMs);

  it("gets its secrets through each of them, over both protocols", async () => {
    const ca = await startFakeCa({ now: () => systemClock.now() });
    await using pod = await Pod.create({ ca, token: await mintToken("gateway") });
    await pod.start().says("daemon started");
    const doors: Door[] = [];
    for (const cluster of clusterNames) {
      for (const protocol of ["GRPC", "DELTA_GRPC"] as const) {
        const names = { certificate: "default", roots: "ROOTCA" };
        doors.push({ port: await freePort(), protocol, cluster, fetchTimeout: "0s", ...names });
      }
    }
    const address = { host: "127.0.0.1", port: await freePort() };
    await using envoy = await RunningEnvoy.start(
      bootstrapWithDoors({ admin: address, sdsSocket: pod.socket, doors }),
    );
    const admin = new EnvoyAdmin(address);
    try {
      await eventually(() => admin.isReady(), patienceMs);
    } catch (error) {
      throw new Error(envoy.log, { cause: error });
    }
    const client = await fetchSecret(pod.socket);
    const shown = await Promise.all(doors.map(({ port }) => knock(port, client, ca.authority.rootPem)));
    assert.equal(shown.length, 2 * clusterNames.length);
    assert.equal(new Set(shown).size, 1, "every listener presents the certificate of the agent");
    assert.match(await pod.agent.status("/metrics"), /^kasbah_agent_sds_streams 48$/m);
    assert.doesNotMatch(pod.agent.log, /HTTP\/2 ended/);
    await ca.close();
  });
});
