import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import { eventually, recordingLogger } from "@kasbah/testkit";
import { PodInformer } from "../../packages/ca-server/src/kubernetes/pods/pod-informer.ts";
import { KubernetesPods } from "../../packages/ca-server/src/kubernetes/pods/pods.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import type { ControlPlane } from "./control-plane.ts";
import { sharedControlPlane } from "./hooks.ts";
import { type Account, createPublisherAccount } from "./publisher-account.ts";
import { type KubernetesObject, modestPod } from "./workloads.ts";

describe("Pod informer in a real cluster", function () {
  this.timeout(suiteTimeoutMs);
  let controlPlane: ControlPlane;
  let account: Account;
  let informer: PodInformer;
  let namespace: string;

  before(async () => {
    controlPlane = sharedControlPlane();
    account = await createPublisherAccount(controlPlane);
    namespace = await controlPlane.newNamespace("pods");
    const { client } = account;
    const direct = new KubernetesPods({ client, clock: systemClock });
    informer = new PodInformer({
      ...{ client, direct, clock: systemClock, logger: recordingLogger(), roll: Math.random },
    });
    await informer.start();
    await eventually(() => informer.isHealthy);
  });

  after(async () => {
    await informer?.stop();
    await account?.remove();
  });

  const create = async () => {
    const path = `/api/v1/namespaces/${namespace}/pods`;
    return (await controlPlane.adminRequest<KubernetesObject>("POST", path, modestPod)).body.metadata.uid;
  };
  const workload = () => ({ namespace, serviceAccount: "default" });

  it("follows a pod from its creation to its deletion", async () => {
    const uid = await create();
    assert.equal(informer.isGone(namespace, uid), false);
    await eventually(() => informer.runsOn("node-1", workload()));
    assert.deepEqual(await informer.find(namespace, "app"), {
      uid,
      serviceAccount: "default",
      node: "node-1",
    });
    const status = { phase: "Succeeded" };
    await controlPlane.adminRequest("PATCH", `/api/v1/namespaces/${namespace}/pods/app/status`, { status });
    await eventually(async () => !(await informer.runsOn("node-1", workload())));
    assert.equal(informer.isGone(namespace, uid), false);
    await controlPlane.kubectl(["delete", "pod", "app", `-n=${namespace}`, "--grace-period=0", "--force"]);
    await eventually(() => informer.isGone(namespace, uid), 1_000);
  });

  it("distinguishes a deleted pod from a later pod of the same name", async () => {
    const first = await create();
    await eventually(() => informer.runsOn("node-1", workload()));
    await controlPlane.kubectl(["delete", "pod", "app", `-n=${namespace}`, "--grace-period=0", "--force"]);
    const second = await create();
    assert.notEqual(second, first);
    await eventually(() => informer.isGone(namespace, first), 1_000);
    assert.equal(informer.isGone(namespace, second), false);
  });
});
