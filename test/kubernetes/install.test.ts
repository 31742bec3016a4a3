import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import { applyObjects } from "../../packages/cli/src/install/apply.ts";
import { installObjects, namespaceObject } from "../../packages/cli/src/install/objects/install-objects.ts";
import type { Installation } from "../../packages/cli/src/install/objects/installation.ts";
import { removeObjects } from "../../packages/cli/src/install/uninstall.ts";
import { profiles } from "../../packages/cli/src/install/values/profiles.ts";
import { parseValues, type ValuesInput } from "../../packages/cli/src/install/values/values.ts";
import type { Kubectl } from "../../packages/cli/src/kubectl/kubectl.ts";
import { testImage, version } from "../harness/chart/installations.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import type { ControlPlane } from "./control-plane.ts";
import { sharedControlPlane } from "./hooks.ts";
import { canDo, claimOf, podOf } from "./install/observations.ts";
import { deletePublishedRoots } from "./published-roots.ts";

const several: ValuesInput = {
  replicas: 3,
  ca: {
    stateSecret: "kasbah-ca",
    trustedNodeAccounts: ["istio-system/ztunnel"],
    takeOverSecrets: ["cacerts"],
  },
  clusterTrustBundle: { enabled: true },
  policy: { text: "version: 1\ndefault:\n  allow: true\n" },
};

describe("kasbah install on a real API server", function () {
  this.timeout(suiteTimeoutMs);
  let controlPlane: ControlPlane;
  let kubectl: Kubectl;
  let count = 0;

  before(() => {
    controlPlane = sharedControlPlane();
    kubectl = (args, stdin = "") => controlPlane.kubectl(args, { stdin });
  });

  async function install(values: ValuesInput, namespace = `install-${++count}`): Promise<Installation> {
    const installation = { namespace, version, values: parseValues(testImage, values) };
    const world = { kubectl, clock: systemClock, signal: AbortSignal.timeout(30_000) };
    await applyObjects(namespaceObject(installation), installObjects(installation), world);
    return installation;
  }

  const tried = { ...profiles, "several replicas": { values: several } };
  for (const [name, { values }] of Object.entries(tried)) {
    it(`applies every field exactly as printed, and its pod is admitted under the restricted level: ${name}`, async () => {
      const installation = await install(values);
      const pod = podOf(installObjects(installation));
      if (pod === undefined) return assert.equal(name, "empty");
      const where = `--namespace=${installation.namespace}`;
      const admitted = await kubectl(["create", "--validate=strict", where, "-o=name", "-f=-"], pod);
      assert.equal(admitted, "pod/kasbah-0\n");
      const unsafe = pod
        .replace('"runAsNonRoot":true', '"runAsNonRoot":false')
        .replaceAll("kasbah-0", "unsafe");
      await assert.rejects(kubectl(["create", where, "-f=-"], unsafe), /violates PodSecurity "restricted/);
    });
  }

  it("changes nothing when it is run again", async () => {
    const { namespace } = await install({});
    const versions = () =>
      kubectl([
        "get",
        "all,cm,sa,netpol",
        `-n=${namespace}`,
        "-o=jsonpath={.items[*].metadata.resourceVersion}",
      ]);
    const before = await versions();
    const installation = { namespace, version, values: parseValues(testImage) };
    const world = { kubectl, clock: systemClock, signal: AbortSignal.timeout(30_000) };
    await applyObjects(namespaceObject(installation), installObjects(installation), world);
    assert.equal(await versions(), before);
  });

  it("grants the service account exactly the rights that the CA needs", async () => {
    const { namespace } = await install({ ca: { stateSecret: "" } });
    assert.deepEqual(await canDo(kubectl, namespace), [
      "configmaps [] create",
      "configmaps [istio-ca-root-cert] get list update watch",
      "namespaces [] list watch",
      "tokenreviews.authentication.k8s.io [] create",
    ]);
    const shared = await install(several);
    assert.deepEqual(await canDo(kubectl, shared.namespace), [
      // Every service account may read these by default.
      "clustertrustbundles.certificates.k8s.io [] create get list watch",
      "clustertrustbundles.certificates.k8s.io [kasbah.dev:ca:root] get list update watch",
      "configmaps [] create",
      "configmaps [istio-ca-root-cert] get list update watch",
      "leases.coordination.k8s.io [] create",
      "leases.coordination.k8s.io [kasbah-leader] get update",
      "namespaces [] list watch",
      "pods [] get list watch",
      "secrets [] create",
      "secrets [cacerts] get",
      "secrets [kasbah-ca] get update watch",
      "signers.certificates.k8s.io [kasbah.dev/ca] attest",
      "tokenreviews.authentication.k8s.io [] create",
    ]);
  });

  it("lets the CA watch the ConfigMaps of one name in all namespaces, and no others", async () => {
    await deletePublishedRoots(controlPlane);
    const { namespace } = await install({});
    const list = (...more: readonly string[]) =>
      kubectl([
        "get",
        "configmaps",
        "-A",
        `--as=system:serviceaccount:${namespace}:kasbah`,
        "-o=name",
        ...more,
      ]);
    assert.equal(await list("--field-selector=metadata.name=istio-ca-root-cert"), "");
    await assert.rejects(list(), /cannot list resource "configmaps"/);
    await assert.rejects(list("--field-selector=metadata.name=kube-root-ca.crt"), /cannot list/);
  });

  it("is undone by uninstall except for the keys, and completely with --purge", async () => {
    const installation = await install(several);
    const { namespace } = installation;
    const where = `--namespace=${namespace}`;
    await kubectl(["create", where, "-f=-"], claimOf(installObjects(installation)));
    // No controller runs here that would remove the finalizer once no pod uses the claim.
    const unprotect = '{"metadata":{"finalizers":null}}';
    await kubectl(["patch", "pvc", "state-kasbah-0", where, "--type=merge", "-p", unprotect]);
    await kubectl(["create", "secret", "generic", "kasbah-ca", where, "--from-literal=key=x"]);
    await kubectl(["label", "secret", "kasbah-ca", where, ...labelsOf("kasbah")]);
    await removeObjects({ namespace, purge: false }, kubectl);
    const left = await kubectl(["get", "all,pvc,secrets,sa,roles,rolebindings,netpol,pdb", where, "-o=name"]);
    assert.deepEqual(left.trim().split("\n").sort(), [
      "persistentvolumeclaim/state-kasbah-0",
      "secret/kasbah-ca",
      "serviceaccount/default",
    ]);
    const named = `--field-selector=metadata.name=kasbah-${namespace}`;
    assert.equal(await kubectl(["get", "clusterroles,clusterrolebindings", named, "-o=name"]), "");
    await removeObjects({ namespace, purge: true }, kubectl);
    const after = await controlPlane.adminRequest("GET", `/api/v1/namespaces/${namespace}`);
    assert.equal(after.status, 404);
  });

  it("leaves a namespace that it did not create, and objects that Helm manages, when it is undone", async () => {
    const namespace = await controlPlane.newNamespace("foreign");
    await install({}, namespace);
    const level = ["-o=jsonpath={.metadata.labels.pod-security\\.kubernetes\\.io/enforce}"];
    assert.equal(await kubectl(["get", "namespace", namespace, ...level]), "");
    await kubectl(["create", "serviceaccount", "other", `--namespace=${namespace}`]);
    await kubectl(["label", "serviceaccount", "other", `--namespace=${namespace}`, ...labelsOf("Helm")]);
    const roots = ["istio-ca-root-cert", "of-another-installation"];
    for (const [index, name] of roots.entries()) {
      await kubectl(["create", "configmap", name, `--namespace=${namespace}`]);
      const installation = `kasbah.dev/installation=${index === 0 ? namespace : "try"}/kasbah`;
      await kubectl(["annotate", "configmap", name, `--namespace=${namespace}`, installation]);
    }
    await removeObjects({ namespace, purge: true }, kubectl);
    const maps = await kubectl(["get", "configmaps", `--namespace=${namespace}`, "-o=name"]);
    assert.match(maps, /of-another-installation/);
    assert.doesNotMatch(maps, /istio-ca-root-cert/);
    const left = await kubectl(["get", "serviceaccounts", `--namespace=${namespace}`, "-o=name"]);
    assert.equal(left, "serviceaccount/default\nserviceaccount/other\n");
  });
});

function labelsOf(manager: string): readonly string[] {
  return ["app.kubernetes.io/name=kasbah", `app.kubernetes.io/managed-by=${manager}`];
}
