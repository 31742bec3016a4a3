import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { AdminClient, getOnce, startTraffic } from "@kasbah/cli/mesh";
import { systemClock } from "@kasbah/runtime";
import { untilSeen } from "@kasbah/testkit";
import { namespace } from "../../packages/cli/src/mesh/local/mesh-deps.ts";
import type { RunningCa } from "../harness/ca-process.ts";
import { setUpTimeoutMs } from "../harness/envoy.ts";
import { kasbahBin } from "../harness/repository.ts";
import type { ControlPlane } from "./control-plane.ts";
import { sharedControlPlane } from "./hooks.ts";
import { type ClusterMesh, startClusterMesh } from "./mesh/cluster-mesh.ts";

const secretTtlMs = 8_000;
const caFlags = [
  ...["--state-secret", "kasbah-ca", "--root-config-map", "istio-ca-root-cert"],
  ...["--default-ttl", "8s", "--max-ttl", "8s"],
];

interface Lease {
  readonly spec?: { readonly holderIdentity?: string };
}

describe("Mesh of two pods with an agent and an Envoy each", function () {
  this.timeout(setUpTimeoutMs + 300_000);
  let controlPlane: ControlPlane;
  let mesh: ClusterMesh;

  before(async () => {
    controlPlane = sharedControlPlane();
    mesh = await startClusterMesh(controlPlane, { secretTtlMs, caFlags });
  });

  after(() => mesh?.stop());

  const living = () => [...mesh.replicas.values()].filter(({ process: ca }) => !ca.hasExited);
  const pidsOf = ({ frontend, backend }: ClusterMesh) =>
    [frontend.agent, frontend.envoy, backend.agent, backend.envoy].map(({ pid }) => pid);

  async function leader(): Promise<string | undefined> {
    const path = `/apis/coordination.k8s.io/v1/namespaces/${mesh.account.namespace}/leases/kasbah-leader`;
    const { body } = await controlPlane.adminRequest<Lease>("GET", path);
    return body.spec?.holderIdentity?.split("_", 1)[0];
  }

  async function trustedRoots(replica: RunningCa | undefined): Promise<readonly string[]> {
    assert.ok(replica);
    const { authorities } = await new AdminClient(join(replica.stateDir, "admin.sock"), "the tests").status();
    return authorities.filter(({ kind, trusted }) => kind === "root" && trusted).map(({ id }) => id);
  }

  async function losesNothing(work: () => Promise<void>): Promise<void> {
    const before = pidsOf(mesh);
    const traffic = startTraffic(mesh.entry, systemClock);
    try {
      await work();
      await systemClock.sleep(1_000);
    } finally {
      const { requests, failures, firstFailure } = await traffic.stop();
      process.stdout.write(`      ${requests} requests, ${failures} failed\n`);
      assert.equal(
        failures,
        0,
        `${failures} of ${requests} requests failed, the first with: ${firstFailure}`,
      );
      assert.ok(requests > 50, `${requests} requests`);
    }
    assert.deepEqual(pidsOf(mesh), before);
  }

  it("serves mTLS with tokens that the API server bound to the pods", async () => {
    const { status, body } = await getOnce(mesh.entry, "/");
    assert.equal(status, 200, body);
    assert.equal(JSON.parse(body).peer, "spiffe://cluster.local/ns/demo/sa/frontend");
  });

  it("loses no request while three replicas replace their root, even if the command goes to a follower", async () => {
    await losesNothing(async () => {
      const follower = living()[1];
      assert.ok(follower);
      const command = [
        kasbahBin,
        "authority",
        "rotate",
        "--root",
        "--wait",
        "--state-dir",
        follower.stateDir,
      ];
      await promisify(execFile)(process.execPath, command);
    });
    for (const replica of living()) assert.deepEqual(await trustedRoots(replica), ["root-2"]);
  });

  it("loses no request when the replica that leads a rotation is killed and another one finishes it", async () => {
    await losesNothing(async () => {
      const name = await leader();
      const killed = mesh.replicas.get(name ?? "");
      assert.ok(killed);
      const others = living().filter((replica) => replica !== killed);
      const admin = new AdminClient(join(others[0]?.stateDir ?? "", "admin.sock"), "the tests");
      await admin.rotate("root");
      await untilSeen("active new root", 60_000, async () =>
        (await admin.status()).rotation?.stage === "active" ? true : undefined,
      );
      await killed.process.kill();
      await mesh.addReplica("kasbah-3");
      await untilSeen("end of the rotation", 120_000, async () =>
        (await admin.status()).rotation === undefined ? true : undefined,
      );
      assert.notEqual(await leader(), name);
    });
    for (const replica of living()) assert.deepEqual(await trustedRoots(replica), ["root-3"]);
  });

  it("cuts off a deleted pod: after fifteen seconds the CA refuses to renew its certificate", async () => {
    const command = ["delete", "pod", "frontend", `--namespace=${namespace}`, "--grace-period=0", "--force"];
    await controlPlane.kubectl(command);
    await systemClock.sleep(15_000 + secretTtlMs);
    const seen = mesh.app.requestCount();
    await assert.rejects(async () => assert.equal((await getOnce(mesh.entry, "/")).status, 200));
    assert.equal(mesh.app.requestCount(), seen);
    const { host, port } = mesh.frontend.statusAddress;
    const ready = await fetch(`http://${host}:${port}/healthz/ready`);
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /CALLER_DELETED.*existing pod of this cluster/);
  });
});
