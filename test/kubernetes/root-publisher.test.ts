import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "@kasbah/runtime";
import { createTestAuthority, eventually, recordingLogger } from "@kasbah/testkit";
import { ClusterTrustBundlePublisher } from "../../packages/ca-server/src/kubernetes/publish/cluster-trust-bundle.ts";
import { RootPublisher } from "../../packages/ca-server/src/kubernetes/publish/publisher.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import type { ControlPlane } from "./control-plane.ts";
import { sharedControlPlane } from "./hooks.ts";
import { deletePublishedRoots } from "./published-roots.ts";
import { type Account, createPublisherAccount } from "./publisher-account.ts";

interface ConfigMap {
  readonly metadata: { readonly labels?: object; readonly managedFields: readonly { manager: string }[] };
  readonly data?: Readonly<Record<string, string>>;
}

const name = "istio-ca-root-cert";
const key = "root-cert.pem";

describe("Root publisher in a real cluster", function () {
  this.timeout(suiteTimeoutMs);
  let controlPlane: ControlPlane;
  let account: Account;
  let publisher: RootPublisher;
  let bundle: string;

  const identity = () => ({ installation: "kasbah-system/kasbah", stateSecret: undefined });

  before(async () => {
    controlPlane = sharedControlPlane();
    await deletePublishedRoots(controlPlane);
    account = await createPublisherAccount(controlPlane);
    bundle = (await createTestAuthority()).rootPem;
    const { client } = account;
    publisher = new RootPublisher({
      client,
      identity,
      clock: systemClock,
      logger: recordingLogger(),
      roll: Math.random,
    });
    publisher.publish(bundle);
    publisher.setLeading(true);
    await publisher.start();
    await eventually(() => publisher.isSynced && publisher.pending === 0);
  });

  after(async () => {
    await publisher?.stop();
    await account?.remove();
  });

  const path = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps/${name}`;
  const find = async (namespace: string) =>
    (await controlPlane.adminRequest<ConfigMap>("GET", path(namespace))).body;
  const holds = async (namespace: string, pem: string) => (await find(namespace)).data?.[key] === pem;
  const isConflict = (namespace: string) =>
    publisher.conflicts().some((conflict) => conflict.namespace === namespace);
  const patch = (namespace: string, pem: string) => {
    const merge = JSON.stringify({ data: { [key]: pem } });
    return controlPlane.kubectl([
      "patch",
      "configmap",
      name,
      `-n=${namespace}`,
      "--type=merge",
      `-p=${merge}`,
    ]);
  };
  const write = (namespace: string, pem: string, manager: string) => {
    const data = { [key]: pem };
    return controlPlane.adminRequest("PATCH", `${path(namespace)}?fieldManager=${manager}`, { data });
  };
  const published = async () => {
    const namespace = await controlPlane.newNamespace("root");
    await eventually(() => holds(namespace, bundle));
    return namespace;
  };

  it("publishes the root to every existing namespace except those that do not need it", async () => {
    assert.equal(await holds("default", bundle), true);
    assert.equal(await holds("kube-system", bundle), true);
    for (const namespace of ["kube-public", "kube-node-lease"]) {
      assert.equal((await controlPlane.adminRequest("GET", path(namespace))).status, 404);
    }
  });

  it("publishes the root to a new namespace within a second, with its label and its field manager", async () => {
    const namespace = `root-${process.pid}`;
    await controlPlane.adminRequest("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
    await eventually(() => holds(namespace, bundle), 1_000);
    const { metadata } = await find(namespace);
    assert.deepEqual(metadata.labels, { "istio.io/config": "true" });
    assert.deepEqual(
      metadata.managedFields.map(({ manager }) => manager),
      ["kasbah"],
    );
  });

  it("restores the root within a second after a manual edit or a deletion", async () => {
    const namespace = await published();
    await patch(namespace, "vandalised");
    await eventually(() => holds(namespace, bundle), 1_000);
    await controlPlane.kubectl(["delete", "configmap", name, `-n=${namespace}`]);
    await eventually(() => holds(namespace, bundle), 1_000);
    assert.deepEqual(publisher.conflicts(), []);
  });

  it("does not change a ConfigMap while another program manages it", async () => {
    const namespace = await published();
    await write(namespace, "theirs", "pilot-discovery");
    await eventually(() => isConflict(namespace));
    await sleep(500);
    assert.equal(await holds(namespace, "theirs"), true);
    assert.deepEqual(publisher.conflicts(), [{ namespace, manager: "pilot-discovery" }]);
    await controlPlane.kubectl(["delete", "configmap", name, `-n=${namespace}`]);
    await eventually(() => holds(namespace, bundle));
    assert.deepEqual(publisher.conflicts(), []);
  });

  it("does not change a ConfigMap that another program manages by server-side apply", async () => {
    const namespace = await published();
    const metadata = { name, namespace };
    const stdin = JSON.stringify({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata,
      data: { [key]: "theirs" },
    });
    const flags = ["--server-side", "--force-conflicts", "--field-manager=argocd-controller", "-f=-"];
    await controlPlane.kubectl(["apply", ...flags], { stdin });
    await eventually(() => isConflict(namespace));
    await controlPlane.kubectl(["delete", "namespace", namespace, "--wait=false"]);
    await eventually(() => !isConflict(namespace));
  });

  it("does not recreate the root in a terminating namespace, so that its deletion completes", async () => {
    const namespace = await published();
    await controlPlane.kubectl(["delete", "namespace", namespace]);
    const { status } = await controlPlane.adminRequest("GET", `/api/v1/namespaces/${namespace}`);
    assert.equal(status, 404);
    assert.equal(publisher.lastError, undefined);
  });

  it("updates every namespace when the bundle changes", async () => {
    const namespaces = await Promise.all([1, 2, 3].map(published));
    bundle += (await createTestAuthority()).rootPem;
    publisher.publish(bundle);
    for (const namespace of [...namespaces, "default"]) await eventually(() => holds(namespace, bundle));
    await eventually(() => publisher.pending === 0);
  });

  it("also publishes the root as a ClusterTrustBundle if this is enabled", async () => {
    const { client } = account;
    const parts = { client, identity, clock: systemClock, logger: recordingLogger(), roll: Math.random };
    const trust = new ClusterTrustBundlePublisher(parts);
    trust.publish(bundle);
    trust.setLeading(true);
    await trust.start();
    try {
      await eventually(() => trust.isPublished);
      const object = "/apis/certificates.k8s.io/v1beta1/clustertrustbundles/kasbah.dev:ca:root";
      const other = (await createTestAuthority()).rootPem;
      await controlPlane.adminRequest("PATCH", object, { spec: { trustBundle: other } });
      await eventually(async () => {
        const { body } = await controlPlane.adminRequest<{ spec: object }>("GET", object);
        return (
          JSON.stringify(body.spec) === JSON.stringify({ signerName: "kasbah.dev/ca", trustBundle: bundle })
        );
      });
      await controlPlane.adminRequest("DELETE", object);
      await eventually(async () => (await controlPlane.adminRequest("GET", object)).status === 200);
    } finally {
      await trust.stop();
    }
  });
});
