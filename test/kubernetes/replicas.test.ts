import assert from "node:assert/strict";
import { parseTrustBundle } from "@kasbah/pki";
import { systemClock } from "@kasbah/runtime";
import { untilSeen } from "@kasbah/testkit";
import type { RunningCa } from "../harness/ca-process.ts";
import { type CaReply, callCa } from "./call-ca.ts";
import { type CaAccount, createCaAccount, startClusterCa } from "./cluster-ca.ts";
import type { ControlPlane } from "./control-plane.ts";
import { sharedControlPlane } from "./hooks.ts";
import { createWorkload, type Workload } from "./workloads.ts";

interface Lease {
  readonly spec: { readonly holderIdentity?: string };
}

/** One pod calls in a loop, far more often than the default rate permits. */
const flags = ["--state-secret", "kasbah-ca", "--default-rate", "0"];

describe("CA with three replicas in one cluster", function () {
  this.timeout(180_000);
  let controlPlane: ControlPlane;
  let account: CaAccount;
  let replicas: RunningCa[];
  let workload: Workload;

  before(async () => {
    controlPlane = sharedControlPlane();
    account = await createCaAccount(controlPlane);
    workload = await createWorkload(controlPlane, "istio-ca");
    const names = ["kasbah-0", "kasbah-1", "kasbah-2"];
    replicas = await Promise.all(names.map((name) => startClusterCa(controlPlane, account, name, flags)));
  });

  after(async () => {
    await Promise.all((replicas ?? []).map((replica) => replica.stop()));
    await account?.remove();
  });

  const leader = async () => {
    const path = `/apis/coordination.k8s.io/v1/namespaces/${account.namespace}/leases/kasbah-leader`;
    const { body } = await controlPlane.adminRequest<Lease>("GET", path);
    return body.spec?.holderIdentity?.split("_", 1)[0] || undefined;
  };
  const rootsOf = ({ chain }: CaReply) =>
    parseTrustBundle(chain.at(-1) ?? "").roots.map(({ fingerprint }) => fingerprint);
  const living = () => replicas.filter(({ process: ca }) => !ca.hasExited);

  it("starts with one root shared by all replicas, and each replica issues under it", async () => {
    const replies = await Promise.all(replicas.map((replica) => callCa(replica, workload.token)));
    assert.deepEqual(
      replies.map(({ status }) => status),
      [0, 0, 0],
    );
    const roots = new Set(replies.flatMap(rootsOf));
    assert.equal(roots.size, 1);
  });

  it("keeps keys only in the Secret, and writes none to a log", async () => {
    for (const replica of replicas) assert.doesNotMatch(replica.process.log, /BEGIN|PRIVATE/);
    const path = `/api/v1/namespaces/${account.namespace}/secrets/kasbah-ca`;
    const { body } = await controlPlane.adminRequest<{ type: string; data: object }>("GET", path);
    assert.equal(body.type, "kasbah.dev/ca");
    assert.deepEqual(Object.keys(body.data).sort(), [
      "control.json",
      "intermediate-1.crt.pem",
      "intermediate-1.key.pem",
      "root-1.crt.pem",
      "root-1.key.pem",
    ]);
  });

  it("keeps issuing when the leader is killed, and another replica leads within twenty seconds", async () => {
    const former = await untilSeen("leader", 20_000, leader);
    const killed = replicas[Number(former.split("-")[1])];
    assert.ok(killed);
    await killed.process.kill();
    const startedMs = systemClock.monotonicMs();
    let calls = 0;
    await untilSeen("another leader", 25_000, async () => {
      for (const replica of living()) {
        const { status, message } = await callCa(replica, workload.token);
        assert.equal(status, 0, message);
        calls += 1;
      }
      const now = await leader();
      return now !== undefined && now !== former ? now : undefined;
    });
    const tookMs = systemClock.monotonicMs() - startedMs;
    process.stdout.write(
      `      another replica led after ${Math.round(tookMs / 100) / 10} s; ${calls} certificates were issued meanwhile\n`,
    );
    assert.ok(tookMs < 20_000, `${tookMs} ms`);
  });

  it("recreates the Secret with the same root when it is deleted", async () => {
    const [survivor] = living();
    assert.ok(survivor);
    const [root] = rootsOf(await callCa(survivor, workload.token));
    const path = `/api/v1/namespaces/${account.namespace}/secrets/kasbah-ca`;
    assert.equal((await controlPlane.adminRequest("DELETE", path)).status, 200);
    await untilSeen("Secret", 10_000, async () => {
      const { status } = await controlPlane.adminRequest("GET", path);
      return status === 200 || undefined;
    });
    for (const replica of living()) assert.deepEqual(rootsOf(await callCa(replica, workload.token)), [root]);
    const late = await startClusterCa(controlPlane, account, "kasbah-3", flags);
    replicas.push(late);
    assert.deepEqual(rootsOf(await callCa(late, workload.token)), [root]);
  });
});
