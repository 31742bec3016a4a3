import assert from "node:assert/strict";
import { cp, writeFile } from "node:fs/promises";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { profiles } from "../../packages/cli/src/install/values/profiles.ts";
import { chartPath } from "../harness/chart/yaml.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import { whyNoHelm } from "./build-tools.ts";
import type { ControlPlane } from "./control-plane.ts";
import { type Helm, openHelm } from "./helm-command.ts";
import { sharedControlPlane } from "./hooks.ts";
import { canDo } from "./install/observations.ts";

describe("Helm chart on a real API server", function () {
  this.timeout(suiteTimeoutMs);
  let controlPlane: ControlPlane;
  let home: TemporaryDirectory;
  let helm: Helm;

  before(async function () {
    this.timeout(0);
    const missing = whyNoHelm();
    if (missing !== undefined) {
      process.stdout.write(`      ${missing}\n`);
      this.skip();
    }
    controlPlane = sharedControlPlane();
    home = await temporaryDirectory();
    helm = await openHelm(home.path, controlPlane.kubeconfig);
  });
  after(() => home?.remove());

  const restricted = { "pod-security.kubernetes.io/enforce": "restricted" };
  const image = "--set=image.repository=registry.example/kasbah/server";
  const installIn = (namespace: string, ...more: readonly string[]) =>
    helm.run(["install", "kasbah", chartPath, `--namespace=${namespace}`, ...more]);

  it("rejects an unknown value, an invalid duration, a missing image, two policies, and several replicas without a shared Secret", async () => {
    const namespace = await controlPlane.newNamespace("helm");
    const wrong = [
      ["--set=replica=3", /additional properties 'replica' not allowed/],
      ["--set=ca.defaultTtl=day", /does not match pattern/],
      ["--set=enabled=false", /only for a chart that depends on this one/],
      ["--set=replicas=3,ca.stateSecret=", /more than one requires a shared Secret: set ca\.stateSecret/],
      ["--set=policy.text=a,policy.configMap=b", /mutually exclusive/],
    ] as const;
    for (const [setting, words] of wrong) await assert.rejects(installIn(namespace, image, setting), words);
    await assert.rejects(installIn(namespace), /image\.repository: required: .* --set image\.repository=/);
  });

  for (const name of Object.keys(profiles)) {
    it(`installs under the restricted level, prints the next steps, and uninstalls everything except the claims: ${name}`, async () => {
      const namespace = await controlPlane.newNamespace("helm", restricted);
      const values = `--values=${chartPath}/profiles/${name}.yaml`;
      const said = await installIn(namespace, values, ...(name === "empty" ? [] : [image]));
      assert.match(
        said,
        name === "empty" ? /Nothing is installed/ : new RegExp(`-n ${namespace} rollout status`),
      );
      assert.doesNotMatch(said, /would violate/);
      await helm.run(["uninstall", "kasbah", `--namespace=${namespace}`]);
      const left = await controlPlane.kubectl([
        "get",
        "all,roles,netpol",
        "-o=name",
        `--namespace=${namespace}`,
      ]);
      assert.equal(left, "");
    });
  }

  it("installs as a dependency of another chart, with the values that Helm adds", async () => {
    const namespace = await controlPlane.newNamespace("helm");
    const parent = home.join("parent");
    await cp(chartPath, `${parent}/charts/kasbah`, { recursive: true });
    const dependencies = [{ name: "kasbah", version: "*", repository: "", condition: "kasbah.enabled" }];
    const chart = { apiVersion: "v2", name: "parent", version: "1.0.0", dependencies };
    await writeFile(`${parent}/Chart.yaml`, JSON.stringify(chart));
    const values = { global: { team: "mesh" }, kasbah: { enabled: true, image: { repository: "mesh/ca" } } };
    await writeFile(`${parent}/values.yaml`, JSON.stringify(values));
    const render = (...more: readonly string[]) =>
      helm.run(["template", "parent", parent, `--namespace=${namespace}`, ...more]);
    assert.match(await render(), /kind: StatefulSet/);
    assert.doesNotMatch(await render("--set=kasbah.enabled=false"), /kind: StatefulSet/);
  });

  it("grants its service account exactly the documented rights", async () => {
    const namespace = await controlPlane.newNamespace("helm", restricted);
    await installIn(namespace, image);
    const kubectl = (args: readonly string[], stdin = "") => controlPlane.kubectl(args, { stdin });
    assert.deepEqual(await canDo(kubectl, namespace), [
      "configmaps [] create",
      "configmaps [istio-ca-root-cert] get list update watch",
      "leases.coordination.k8s.io [] create",
      "leases.coordination.k8s.io [kasbah-leader] get update",
      "namespaces [] list watch",
      "secrets [] create",
      "secrets [kasbah-ca] get update watch",
      "tokenreviews.authentication.k8s.io [] create",
    ]);
  });

  it("changes replicas and image in an upgrade without touching immutable fields", async () => {
    const namespace = await controlPlane.newNamespace("helm", restricted);
    await installIn(namespace, image);
    const upgrade = ["upgrade", "kasbah", chartPath, `--namespace=${namespace}`, image];
    await helm.run([
      ...upgrade,
      "--set=replicas=3,ca.stateSecret=kasbah-ca,image.tag=next,ca.logLevel=debug,pod.labels.team=mesh",
    ]);
    const fields = "{.spec.replicas} {.spec.template.spec.containers[0].image}";
    const set = ["get", "statefulset", "kasbah", `--namespace=${namespace}`, `-o=jsonpath=${fields}`];
    assert.equal(await controlPlane.kubectl(set), "3 registry.example/kasbah/server:next");
  });
});
