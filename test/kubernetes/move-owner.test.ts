import assert from "node:assert/strict";
import process from "node:process";
import { eventually, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { currentRelease } from "../harness/release.ts";
import { kasbahBin } from "../harness/repository.ts";
import { whyNoHelm } from "./build-tools.ts";
import type { ControlPlane } from "./control-plane.ts";
import { type Helm, openHelm } from "./helm-command.ts";
import { sharedControlPlane } from "./hooks.ts";
import { ClusterInstallation, endsWell } from "./owner/installation.ts";
import { killsAt } from "./owner/kill-at.ts";
import { deletePublishedRoots } from "./published-roots.ts";

const values = ["ca.stateSecret=kasbah-ca"];

describe("Move of a CA on a real API server", function () {
  // It runs more than a hundred commands one after the other.
  this.timeout(900_000);
  let controlPlane: ControlPlane;
  let directory: TemporaryDirectory;
  let helm: Helm;

  before(async function () {
    const missing = whyNoHelm();
    if (missing !== undefined) {
      process.stdout.write(`      ${missing}\n`);
      this.skip();
    }
    controlPlane = sharedControlPlane();
    await deletePublishedRoots(controlPlane);
    directory = await temporaryDirectory();
    helm = await openHelm(directory.path, controlPlane.kubeconfig);
  });
  after(() => directory?.remove());

  /** A CA that was installed with its keys on the volume. */
  async function installOnVolume(): Promise<{ ca: ClusterInstallation; root: readonly string[] }> {
    const ca = await ClusterInstallation.create(controlPlane, helm);
    await ca.install("kasbah install", currentRelease, ["ca.stateSecret="]);
    const root = await (await ca.start(0, currentRelease)).roots();
    await ca.stop(0);
    return { ca, root };
  }

  it("keeps one whole root if the command is killed at any durable step, in both directions, and a start or the command completes the move", async () => {
    const { ca, root } = await installOnVolume();
    await using _ = ca;
    await ca.install("kasbah install", currentRelease, values);
    for (const direction of ["--to-secret", "--to-directory"] as const) {
      let isDone = false;
      for (let step = 1; !isDone; step += 1) {
        const args = [kasbahBin, "authority", "move", direction, ...ca.offlineFlags(0)];
        const { PATH } = process.env;
        isDone = await endsWell(process.execPath, ["--import", killsAt(step), ...args], { PATH });
        if (isDone) break;
        // Every second time a start comes first; the command must complete the move in any case.
        if (step % 2 === 0) {
          assert.deepEqual(await (await ca.start(0, currentRelease)).roots(), root, `${direction} ${step}`);
          await ca.stop(0);
        }
        assert.ok(await endsWell(process.execPath, args, { PATH }), `${direction} after a kill at ${step}`);
        const isInSecret = (await ca.secretKeys())?.includes("control.json") ?? false;
        assert.equal(isInSecret, direction === "--to-secret");
        const back = direction === "--to-secret" ? "--to-directory" : "--to-secret";
        const undo = [kasbahBin, "authority", "move", back, ...ca.offlineFlags(0)];
        assert.ok(await endsWell(process.execPath, undo, { PATH }), `back after ${direction} ${step}`);
        assert.ok(step < 40, "the steps never end");
      }
      assert.deepEqual(await (await ca.start(0, currentRelease)).roots(), root);
      await ca.stop(0);
    }
  });

  it("moves a running CA into the Secret and back to its volume, while it stays ready", async () => {
    const { ca, root } = await installOnVolume();
    await using _ = ca;
    await ca.install("kasbah install", currentRelease, values);
    const pod = await ca.start(0, currentRelease);
    assert.deepEqual(await pod.roots(), root);
    for (const direction of ["--to-secret", "--to-directory", "--to-secret"]) {
      await eventually(
        () =>
          ca.kasbah(pod, "authority", "move", direction).then(
            () => true,
            () => false,
          ),
        60_000,
      );
      assert.equal(await pod.isReady(), true);
      for (const act of ["pause", "resume"]) await ca.kasbah(pod, "authority", act);
    }
    await assert.rejects(ca.kasbah(pod, "authority", "move", "--to-secret"), /already is in Secret/);
    await ca.stop(0);
    assert.deepEqual(await (await ca.start(0, currentRelease)).roots(), root);
  });

  it("stops the other replicas when the CA leaves their Secret, so that none signs beside the new owner", async () => {
    await using ca = await ClusterInstallation.create(controlPlane, helm);
    await ca.install("kasbah install", currentRelease, ["replicas=2", ...values]);
    const first = await ca.start(0, currentRelease);
    const root = await first.roots();
    const second = await ca.start(1, currentRelease);
    assert.deepEqual(await second.roots(), root);
    await eventually(
      () =>
        ca.kasbah(first, "authority", "move", "--to-directory").then(
          () => true,
          () => false,
        ),
      60_000,
    );
    await eventually(() => second.hasExited, 60_000);
    const again = await ca.start(1, currentRelease);
    await again.logged("waiting for the CA's Secret");
    assert.equal(await first.isReady(), true);
  });

  it("refuses a Secret with another root than the volume, names both, and continues with the one that the operator names", async () => {
    const { ca, root } = await installOnVolume();
    await using _ = ca;
    // The accident of earlier releases: a new replica with an empty volume had created a root in the Secret.
    await ca.install("kasbah install", currentRelease, values);
    const accident = await ca.start(0, currentRelease, "emptyDir");
    const [wrong = ""] = await accident.roots();
    await ca.stop(0);

    const refused = await ca.start(0, currentRelease);
    await assert.rejects(refused.roots(), /STATE_CONFLICT/);
    for (const fingerprint of [...root, wrong]) assert.ok(refused.log.includes(fingerprint), refused.log);

    const named = (fingerprint: string) => [...values, `ca.extraArgs=["--state-root=${fingerprint}"]`];
    await ca.install("kasbah install", currentRelease, named(root[0] ?? ""));
    assert.deepEqual(await (await ca.start(0, currentRelease)).roots(), root);
    await ca.install("kasbah install", currentRelease, [
      ...named(root[0] ?? ""),
      "ca.stateSecret=kasbah-ca-2",
    ]);
    const pod = await ca.start(0, currentRelease);
    assert.deepEqual(await pod.roots(), root);
    await eventually(
      () =>
        ca.kasbah(pod, "authority", "move", "--to-secret").then(
          () => true,
          () => false,
        ),
      60_000,
    );
    await ca.install("kasbah install", currentRelease, ["ca.stateSecret=kasbah-ca-2"]);
    assert.deepEqual(await (await ca.start(0, currentRelease)).roots(), root);
  });

  it("never creates a root when the Secret is lost together with all volumes, and does so once the operator asks for it", async () => {
    await using ca = await ClusterInstallation.create(controlPlane, helm);
    await ca.install("kasbah install", currentRelease, [...values, "volume.enabled=false"]);
    const [root = ""] = await (await ca.start(0, currentRelease, "emptyDir")).roots();
    await eventually(async () => (await ca.published(ca.namespace)).roots.includes(root), 60_000);
    await ca.stop(0);
    const inNamespace = `--namespace=${ca.namespace}`;
    await controlPlane.kubectl(["delete", "secret", "kasbah-ca", inNamespace]);
    const refused = await ca.start(0, currentRelease, "emptyDir");
    await assert.rejects(refused.roots(), /STATE_MISSING/);
    assert.ok(refused.log.includes(root), refused.log);
    await controlPlane.kubectl(["delete", "configmap", "istio-ca-root-cert", inNamespace]);
    assert.notDeepEqual(await (await ca.start(0, currentRelease, "emptyDir")).roots(), [root]);
  });

  it("leaves the roots of another installation unchanged, and reports it: the demo beside a production CA has a name of its own", async () => {
    await using production = await ClusterInstallation.create(controlPlane, helm);
    await production.install("kasbah install", currentRelease, []);
    const root = await (await production.start(0, currentRelease)).roots();
    const owner = `${production.namespace}/kasbah`;
    const isUnchanged = async () => {
      const found = await production.published("default");
      assert.deepEqual(found, { roots: root, installation: owner });
    };
    await eventually(async () => (await production.published("default")).installation === owner, 60_000);

    await using demo = await ClusterInstallation.create(controlPlane, helm);
    await demo.install("kasbah install", currentRelease, [], "demo");
    const trial = await demo.start(0, currentRelease, "emptyDir");
    const trialRoot = await trial.roots();
    const published = () => demo.published("default", "kasbah-demo-root-cert");
    await eventually(async () => (await published()).roots.includes(trialRoot[0] ?? ""), 60_000);
    assert.doesNotMatch(((await trial.readiness()).warnings ?? []).join("\n"), /CONFLICT/);
    await isUnchanged();

    await using second = await ClusterInstallation.create(controlPlane, helm);
    await second.install("kasbah install", currentRelease, []);
    const other = await second.start(0, currentRelease);
    await other.roots();
    await eventually(async () => {
      const { warnings = [] } = await other.readiness();
      return warnings.some((text) => text.includes(`ROOT_PUBLISHER_CONFLICT: the installation ${owner}`));
    }, 60_000);
    await other.logged("another program writes the root; leaving it unchanged");
    await isUnchanged();
  });
});
