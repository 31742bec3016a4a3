import assert from "node:assert/strict";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { installations } from "../../harness/chart/installations.ts";
import { chartPath, root } from "../../harness/chart/yaml.ts";
import { suiteTimeoutMs } from "../../harness/until.ts";
import { whyNoHelm } from "../build-tools.ts";
import type { ControlPlane } from "../control-plane.ts";
import { type Helm, openHelm } from "../helm-command.ts";
import { sharedControlPlane } from "../hooks.ts";
import { canDo } from "../install/observations.ts";

const restricted = { "pod-security.kubernetes.io/enforce": "restricted" };
const image = "--set=image.repository=registry.example/kasbah/server";

describe("Chart on a real API server", function () {
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

  const kubectl = (args: readonly string[], stdin = "") => controlPlane.kubectl(args, { stdin });
  const run = (verb: string, release: string, namespace: string, ...more: readonly string[]) =>
    helm.run([
      verb,
      release,
      ...(verb === "uninstall" ? [] : [chartPath]),
      `--namespace=${namespace}`,
      ...more,
    ]);
  const setsIn = async (namespace: string) =>
    (await kubectl(["get", "statefulsets,services", "-o=name", `--namespace=${namespace}`]))
      .trim()
      .split("\n");

  it("runs two releases in one namespace, with different rights, and uninstalls one without the other", async () => {
    const namespace = await controlPlane.newNamespace("two", restricted);
    await run("install", "kasbah", namespace, image);
    await assert.rejects(run("install", "edge", namespace, image), /exists and cannot be imported/);
    const sharing = "--set=fullnameOverride=edge-ca,rootConfigMap.name=edge-root";
    await assert.rejects(
      run("install", "edge", namespace, image, sharing),
      /ca\.stateSecret: the CA kasbah in this namespace has its keys in the Secret kasbah-ca; choose another name/,
    );
    const own = "--set=fullnameOverride=edge-ca,ca.stateSecret=edge-ca,rootConfigMap.name=edge-root";
    const notes = await run("install", "edge", namespace, image, own);
    for (const words of [
      `statefulset/edge-ca`,
      `CA_ADDR=edge-ca.${namespace}.svc:15012`,
      "/sa/edge-ca",
      "exec edge-ca-0",
    ]) {
      assert.ok(notes.includes(words), words);
    }
    assert.deepEqual(await setsIn(namespace), [
      ...["statefulset.apps/edge-ca", "statefulset.apps/kasbah"],
      ...["service/edge-ca", "service/edge-ca-replicas", "service/kasbah", "service/kasbah-replicas"],
    ]);
    const rights = await canDo(kubectl, namespace, "edge-ca");
    assert.ok(rights.includes("leases.coordination.k8s.io [edge-ca-leader] get update"), String(rights));
    assert.ok(rights.includes("secrets [edge-ca] get update watch"), String(rights));
    assert.doesNotMatch(rights.join(), /kasbah-ca|kasbah-leader|istio-ca-root-cert/);
    await run("uninstall", "kasbah", namespace);
    assert.deepEqual(await setsIn(namespace), [
      ...["statefulset.apps/edge-ca", "service/edge-ca", "service/edge-ca-replicas"],
    ]);
  });

  it("takes every value of the pod in an upgrade, and every label, without an error about an immutable field", async () => {
    const namespace = await controlPlane.newNamespace("pod", restricted);
    await run("install", "kasbah", namespace, image);
    const { global, service, ...values } = installations["every value of the pod"] ?? {};
    const { clusterIP: _, ipFamilies: __, ...changed } = service ?? {};
    await writeFile(home.join("pod.json"), JSON.stringify({ global, ...values, service: changed }));
    await run("upgrade", "kasbah", namespace, `--values=${home.join("pod.json")}`);
    const fields =
      "{.metadata.labels.team} {.spec.template.metadata.labels.tier} {.spec.updateStrategy.rollingUpdate.partition} {.spec.template.spec.containers[*].name}";
    const set = ["get", "statefulset", "kasbah", `--namespace=${namespace}`, `-o=jsonpath=${fields}`];
    assert.equal(await kubectl(set), "mesh own 1 kasbah-server key-agent");
    const ports = [
      "get",
      "services",
      `--namespace=${namespace}`,
      "-o=jsonpath={range .items[*]}{.spec.type} {.spec.ports[*].port};{end}",
    ];
    assert.equal(await kubectl(ports), "LoadBalancer 15012;ClusterIP 15012 15014;");
    // Back to the former values: nothing remains of the others.
    await run("upgrade", "kasbah", namespace, image, "--reset-values");
    assert.equal(await kubectl(ports), "ClusterIP 15012 15014;ClusterIP 15012;");
  });

  it("upgrades a release of the earlier chart with --reuse-values, which brings no new default", async () => {
    const namespace = await controlPlane.newNamespace("reuse", restricted);
    const earlier = home.join("earlier");
    await cp(chartPath, earlier, { recursive: true });
    await cp(join(root, "test/fixtures/chart/values.yaml"), `${earlier}/values.yaml`);
    await helm.run(["install", "kasbah", earlier, `--namespace=${namespace}`, image]);
    const generation = () =>
      kubectl([
        "get",
        "statefulset",
        "kasbah",
        `--namespace=${namespace}`,
        "-o=jsonpath={.metadata.generation}",
      ]);
    const before = await generation();
    await run("upgrade", "kasbah", namespace, "--reuse-values");
    assert.equal(await generation(), before);
    await run(
      "upgrade",
      "kasbah",
      namespace,
      "--reuse-values",
      "--set=service.type=NodePort,probes.liveness.periodSeconds=20",
    );
    const period =
      "{.spec.template.spec.containers[0].livenessProbe.periodSeconds} {.spec.template.spec.containers[0].readinessProbe.periodSeconds}";
    const set = ["get", "statefulset", "kasbah", `--namespace=${namespace}`, `-o=jsonpath=${period}`];
    assert.equal(await kubectl(set), "20 3");
  });

  it("mounts a claim that exists, and uses a service account of another owner with exactly the CA's rights", async () => {
    const namespace = await controlPlane.newNamespace("claim", restricted);
    await kubectl(["create", "serviceaccount", "shared", `--namespace=${namespace}`]);
    const values =
      "--set=volume.existingClaim=restored,serviceAccount.create=false,serviceAccount.name=shared";
    await run("install", "kasbah", namespace, image, values);
    const fields =
      "{.spec.template.spec.serviceAccountName} {.spec.template.spec.volumes[0].persistentVolumeClaim.claimName}[{.spec.volumeClaimTemplates}]";
    const set = ["get", "statefulset", "kasbah", `--namespace=${namespace}`, `-o=jsonpath=${fields}`];
    assert.equal(await kubectl(set), "shared restored[]");
    assert.ok((await canDo(kubectl, namespace, "shared")).includes("secrets [kasbah-ca] get update watch"));
    await run("uninstall", "kasbah", namespace);
    assert.match(await kubectl(["get", "serviceaccounts", "-o=name", `--namespace=${namespace}`]), /shared/);
  });

  it("installs, upgrades and uninstalls below an umbrella chart, under an alias and with globals", async () => {
    const namespace = await controlPlane.newNamespace("umbrella", restricted);
    const path = home.join("platform");
    await mkdir(path);
    await cp(chartPath, `${path}/charts/kasbah`, { recursive: true });
    const dependencies = [
      { name: "kasbah", alias: "mesh", version: "*", repository: "", condition: "mesh.enabled" },
    ];
    await writeFile(
      `${path}/Chart.yaml`,
      JSON.stringify({ apiVersion: "v2", name: "platform", version: "1.0.0", dependencies }),
    );
    const values = {
      global: { imageRegistry: "mirror.example", imagePullSecrets: ["mirror"] },
      mesh: { enabled: true, image: { repository: "mesh/ca" }, commonLabels: { team: "mesh" } },
    };
    await writeFile(`${path}/values.yaml`, JSON.stringify(values));
    const umbrella = (verb: string, ...more: readonly string[]) =>
      helm.run([verb, "platform", path, `--namespace=${namespace}`, ...more]);
    await umbrella("install");
    await umbrella("upgrade", "--set=mesh.replicas=3");
    const fields =
      "{.spec.replicas} {.spec.template.spec.containers[0].image} {.spec.template.spec.imagePullSecrets[0].name}";
    const set = ["get", "statefulset", "kasbah", `--namespace=${namespace}`, `-o=jsonpath=${fields}`];
    assert.equal(await kubectl(set), "3 mirror.example/mesh/ca:0.1.0 mirror");
    await umbrella("upgrade", "--set=mesh.enabled=false");
    assert.equal(
      (await kubectl(["get", "all,cm,sa", "-l=team=mesh", "-o=name", `--namespace=${namespace}`])).trim(),
      "",
    );
    await run("uninstall", "platform", namespace);
  });
});
