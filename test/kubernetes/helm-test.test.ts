import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createTestAuthority, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { chartPath } from "../harness/chart/yaml.ts";
import { currentRelease } from "../harness/release.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import { whyNoHelm } from "./build-tools.ts";
import { type ContainerRun, runTestPod } from "./chart-checks/test-pod.ts";
import type { ControlPlane } from "./control-plane.ts";
import { type Helm, openHelm } from "./helm-command.ts";
import { sharedControlPlane } from "./hooks.ts";
import { ClusterInstallation } from "./owner/installation.ts";
import { deletePublishedRoots } from "./published-roots.ts";

const restricted = "pod-security.kubernetes.io/enforce=restricted";
const policy = "version: 1\ndefault: { allow: true }\n";

describe("helm test", function () {
  this.timeout(suiteTimeoutMs);
  let controlPlane: ControlPlane;
  let directory: TemporaryDirectory;
  let helm: Helm;
  let ca: ClusterInstallation;
  let addresses: Readonly<Record<string, string>>;

  before(async function () {
    this.timeout(0);
    const missing = whyNoHelm();
    if (missing !== undefined) {
      process.stdout.write(`      ${missing}\n`);
      this.skip();
    }
    controlPlane = sharedControlPlane();
    await deletePublishedRoots(controlPlane);
    directory = await temporaryDirectory();
    helm = await openHelm(directory.path, controlPlane.kubeconfig);
    ca = await ClusterInstallation.create(controlPlane, helm);
    await controlPlane.kubectl(["label", "namespace", ca.namespace, restricted]);
    await ca.install("helm upgrade", currentRelease, []);
    const pod = await ca.start(0, currentRelease);
    await pod.untilReady();
    const host = `kasbah.${ca.namespace}.svc`;
    const { address } = await pod.logged("grpc server listens");
    addresses = { [`${host}:15012`]: String(address), [`${host}:15014`]: await pod.statusAddress() };
  });
  after(async () => {
    await ca?.[Symbol.asyncDispose]();
    await directory?.remove();
  });

  async function test(at = addresses) {
    const place = { namespace: ca.namespace, name: "kasbah-test" };
    const tested = helm.run(["test", "kasbah", `--namespace=${ca.namespace}`, "--timeout=2m"]).then(
      () => "passed",
      (error: Error) => error.message,
    );
    const { pod, runs } = await runTestPod(controlPlane, place, at);
    return { pod, runs, result: await tested };
  }

  const upgrade = (policyText: string) =>
    helm.run(
      ["upgrade", "kasbah", chartPath, `--namespace=${ca.namespace}`, "--reuse-values", "--values=-"],
      { stdin: JSON.stringify({ policy: { text: policyText } }) },
    );
  const outputOf = (runs: readonly ContainerRun[], name: string) =>
    runs.find((run) => run.name === name)?.output ?? "";
  const left = () =>
    controlPlane.kubectl([
      "get",
      "pods,netpol",
      "-o=name",
      `--namespace=${ca.namespace}`,
      "-l=app.kubernetes.io/component=test",
    ]);

  it("passes for a CA that runs, under the restricted level and the NetworkPolicy, and leaves nothing", async () => {
    const { runs, result } = await test();
    assert.deepEqual(
      [result, runs.map(({ exitCode }) => exitCode)],
      ["passed", [0, 0]],
      JSON.stringify(runs),
    );
    assert.match(outputOf(runs, "check-config"), /^configuration is valid\n/);
    const said = outputOf(runs, "ping");
    assert.match(said, /sa\/kasbah, valid until .*, verified by .*root-cert\.pem\n/);
    assert.match(said, / is ready/);
    assert.equal(await left(), "");
  });

  it("reads the policy that the CA mounts, and fails with the parser's words for one that it would refuse", async () => {
    await upgrade(policy);
    assert.equal((await test()).result, "passed");
    await upgrade("version: 1\nrules: [{ name: a, alow: true }]\ndefault: { allow: true }\n");
    const { runs, result } = await test();
    assert.match(result, /pod kasbah-test failed/i);
    assert.match(outputOf(runs, "check-config"), /--policy: .*policy\.yaml line 2: .*alow/);
    await controlPlane.kubectl(["get", "pod", "kasbah-test", `--namespace=${ca.namespace}`]);
    await upgrade(policy);
  });

  it("fails if the CA has another root than the published one, or does not answer", async () => {
    const other = directory.join("other.pem");
    await writeFile(other, (await createTestAuthority()).rootPem);
    const once = { ...addresses, "--wait=90s": "--wait=0s" };
    const strange = await test({ ...once, "/etc/kasbah/root/root-cert.pem": other });
    assert.match(strange.result, /failed/i);
    assert.match(outputOf(strange.runs, "ping"), /does not chain to a root in .* \(TARGET_REPLY_INVALID\)/);
    await ca.stop(0);
    const silent = await test(once);
    assert.match(silent.result, /failed/i);
    assert.match(outputOf(silent.runs, "ping"), /ECONNREFUSED \(TARGET_UNREACHABLE\)/);
  });
});
