import assert from "node:assert/strict";
import { ConfigInvalidError } from "@kasbah/runtime";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { checkInstallation } from "../../packages/cli/src/install/checks/check-installation.ts";
import { installObjects } from "../../packages/cli/src/install/objects/install-objects.ts";
import type { Manifest } from "../../packages/cli/src/install/objects/manifest.ts";
import { parseValues, type ValuesInput } from "../../packages/cli/src/install/values/values.ts";
import { testImage, version } from "../harness/chart/installations.ts";
import { chartPath } from "../harness/chart/yaml.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import { whyNoHelm } from "./build-tools.ts";
import { badValues } from "./chart-checks/bad-values.ts";
import { goodForHelm, goodValues, goodVolumes } from "./chart-checks/good-values.ts";
import { addMonitoringKinds, removeMonitoringKinds } from "./chart-checks/monitoring-kinds.ts";
import type { ControlPlane } from "./control-plane.ts";
import { type Helm, openHelm } from "./helm-command.ts";
import { sharedControlPlane } from "./hooks.ts";
import { podOf } from "./install/observations.ts";

const restricted = { "pod-security.kubernetes.io/enforce": "restricted" };

describe("Values of the chart on a real API server", function () {
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

  const withImage = (values: object) => JSON.stringify({ ...testImage, ...values });

  function refusalOf(values: object): string {
    try {
      const installation = { namespace: "mesh", version, values: parseValues(testImage, values) };
      checkInstallation(installation, installObjects(installation));
      return "accepted";
    } catch (error) {
      assert.ok(error instanceof ConfigInvalidError, String(error));
      return error.problems[0] ?? "";
    }
  }

  describe("that the CA would refuse", () => {
    let namespace: string;

    before(async () => {
      namespace = await controlPlane.newNamespace("values");
    });

    for (const [name, { values, helm: words, install }] of Object.entries(badValues)) {
      it(`are refused before the cluster, with the value and what was expected: ${name}`, async () => {
        assert.match(refusalOf(values), install);
        const args = ["install", "kasbah", chartPath, `--namespace=${namespace}`, "--values=-"];
        const tried = helm.run(words === undefined ? [...args, "--dry-run=server"] : args, {
          stdin: withImage(values),
        });
        if (words === undefined) await tried;
        else await assert.rejects(tried, words);
      });
    }

    it("left no object behind", async () => {
      const left = await controlPlane.kubectl([
        "get",
        "all,roles,netpol",
        "-o=name",
        `--namespace=${namespace}`,
      ]);
      assert.equal(left, "");
    });

    it("are refused if they need kinds that the cluster does not serve, and rendered without a cluster", async () => {
      const kinds = {
        serviceMonitor: "ServiceMonitor",
        podMonitor: "PodMonitor",
        prometheusRule: "PrometheusRule",
      };
      for (const [value, kind] of Object.entries(kinds)) {
        const setting = [`--set=image.repository=mesh/ca,${value}.enabled=true`, `--namespace=${namespace}`];
        await assert.rejects(
          helm.run(["install", "kasbah", chartPath, ...setting]),
          new RegExp(
            `${value}\\.enabled: the cluster does not serve monitoring.coreos.com/v1/${kind}: install the Prom`,
          ),
        );
        assert.match(
          await helm.run(["template", "kasbah", chartPath, ...setting]),
          new RegExp(`kind: ${kind}\n`),
        );
      }
    });
  });

  describe("that the CA accepts", () => {
    let namespace: string;

    before(async () => {
      await addMonitoringKinds(controlPlane);
      namespace = await controlPlane.newNamespace("values", restricted);
    });
    after(() => removeMonitoringKinds(controlPlane));

    async function upgrade(values: ValuesInput): Promise<void> {
      const where = ["kasbah", chartPath, `--namespace=${namespace}`, "--reset-values", "--values=-"];
      const said = await helm.run(["upgrade", "--install", ...where], { stdin: withImage(values) });
      assert.match(said, /^STATUS: deployed$/m);
      assert.doesNotMatch(said, /would violate|unknown field|unrecognized/i);
      await admitPod();
    }

    /** The pod of the installed StatefulSet, as its controller would create it. */
    async function admitPod(): Promise<void> {
      const path = `/apis/apps/v1/namespaces/${namespace}/statefulsets/kasbah`;
      const { body } = await controlPlane.adminRequest<Manifest>("GET", path);
      const args = [
        "create",
        "--validate=strict",
        "--dry-run=server",
        `--namespace=${namespace}`,
        "-o=name",
        "-f=-",
      ];
      assert.equal(await controlPlane.kubectl(args, { stdin: podOf([body]) ?? "" }), "pod/kasbah-0\n");
    }

    async function uninstall(): Promise<void> {
      await helm.run(["uninstall", "kasbah", `--namespace=${namespace}`]);
      const kinds = "all,roles,rolebindings,netpol,pdb,servicemonitors,podmonitors,prometheusrules";
      const where = `--namespace=${namespace}`;
      assert.equal(await controlPlane.kubectl(["get", kinds, "-o=name", where]), "");
      const maps = await controlPlane.kubectl(["get", "configmaps", "-o=name", where]);
      assert.doesNotMatch(maps, /kasbah-|extra/);
    }

    for (const [name, values] of Object.entries({ ...goodValues, ...goodForHelm })) {
      it(`can be installed, and the ones before upgraded to them: ${name}`, async () => {
        if (!Object.hasOwn(goodForHelm, name)) assert.equal(refusalOf(values), "accepted");
        await upgrade(values);
      });
    }

    it("lead to notes about the resources of workers, the namespaces of the root, and helm test", async () => {
      const notesOf = async (values: ValuesInput) => {
        const args = ["install", "try", chartPath, "--namespace=default", "--dry-run=server", "--values=-"];
        const said = await helm.run(args, { stdin: withImage(values) });
        return said.slice(said.indexOf("NOTES:"));
      };
      const usual = await notesOf({});
      assert.match(usual, /helm test try --namespace default\n/);
      assert.match(usual, /is published in every namespace as ConfigMap istio-ca-root-cert\./);
      assert.doesNotMatch(usual, /worker/);
      const others = await notesOf({
        ca: { workers: 2 },
        rootConfigMap: { namespaceSelector: { matchLabels: { a: "b" } } },
      });
      assert.match(others, /is published in the selected namespaces as/);
      assert.match(
        others,
        /\(ca\.workers: 2\).*raise\nresources\.requests\.memory and .* by 64 MiB for each/,
      );
    });

    it("leave nothing when they are uninstalled", () => uninstall());

    for (const [name, values] of Object.entries(goodVolumes)) {
      it(`can be installed and uninstalled: ${name}`, async () => {
        assert.equal(refusalOf(values), "accepted");
        await upgrade(values);
        await uninstall();
      });
    }
  });
});
