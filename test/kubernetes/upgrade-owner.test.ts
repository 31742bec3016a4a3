import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { eventually, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { currentRelease, provideReleases, type Releases } from "../harness/release.ts";
import { whyNoHelm } from "./build-tools.ts";
import type { ControlPlane } from "./control-plane.ts";
import { type Helm, openHelm } from "./helm-command.ts";
import { sharedControlPlane } from "./hooks.ts";
import type { ClusterPod } from "./owner/cluster-pod.ts";
import { ClusterInstallation, type Way } from "./owner/installation.ts";
import { deletePublishedRoots } from "./published-roots.ts";

const ways: readonly Way[] = ["helm upgrade", "helm template | kubectl apply", "kasbah install"];
const orders = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

/** The first replica moves its CA as soon as it leads. */
async function eventuallySaid(run: () => Promise<string>): Promise<string> {
  let said = "";
  await eventually(async () => {
    said = await run().catch(() => "");
    return said !== "";
  }, 60_000);
  return said;
}

describe("Upgrade of an installed CA from the previous release", function () {
  this.timeout(180_000);
  let controlPlane: ControlPlane;
  let directory: TemporaryDirectory;
  let helm: Helm;
  let releases: Releases;

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
    releases = await provideReleases(directory.join("previous"));
  });
  after(() => directory?.remove());

  const noAlarm = async (pod: ClusterPod) => {
    const { warnings = [] } = await pod.readiness();
    assert.doesNotMatch(warnings.join("\n"), /ROOT_PUBLISHER_CONFLICT|STATE_/);
    return warnings;
  };
  const adopted = (installation: ClusterInstallation, root: readonly string[]) =>
    eventually(async () => {
      const found = await installation.published(installation.namespace);
      return isDeepStrictEqual(found, { roots: root, installation: `${installation.namespace}/kasbah` });
    }, 60_000);

  const warningsOf = async (pod: ClusterPod) => ((await pod.readiness()).warnings ?? []).join("\n");
  /** Until the API server has answered which rights the CA has. */
  const permissionsChecked = (pod: ClusterPod) =>
    eventually(async () => !/permissions are unknown/.test(await warningsOf(pod)), 60_000);

  describe("with unchanged values", () => {
    for (const way of ways) {
      it(`continues with the root on the volume, and names the command that shares it: ${way}`, async () => {
        await using ca = await ClusterInstallation.create(controlPlane, helm);
        await ca.install(way, releases.previous, []);
        const before = await (await ca.start(0, releases.previous)).roots();
        await ca.install(way, currentRelease, []);
        const pod = await ca.start(0, currentRelease);
        assert.deepEqual(await pod.roots(), before);
        assert.match((await noAlarm(pod)).join("\n"), /kasbah authority move --to-secret/);
        await adopted(ca, before);
        assert.equal(await ca.secretKeys(), undefined);
      });

      it(`continues with the root in the Secret: ${way}`, async () => {
        await using ca = await ClusterInstallation.create(controlPlane, helm);
        const values = ["ca.stateSecret=kasbah-ca"];
        await ca.install(way, releases.previous, values);
        const before = await (await ca.start(0, releases.previous)).roots();
        await ca.install(way, currentRelease, values);
        const pod = await ca.start(0, currentRelease);
        assert.deepEqual(await pod.roots(), before);
        await noAlarm(pod);
        await adopted(ca, before);
      });

      it(`has one root after the pod with an emptyDir and its root was replaced, and keeps it from then on: ${way}`, async () => {
        await using ca = await ClusterInstallation.create(controlPlane, helm);
        const values = ["volume.enabled=false"];
        await ca.install(way, releases.previous, values);
        await (await ca.start(0, releases.previous, "emptyDir")).roots();
        await ca.install(way, currentRelease, values);
        const pod = await ca.start(0, currentRelease, "emptyDir");
        const root = await pod.roots();
        await noAlarm(pod);
        await adopted(ca, root);
        assert.deepEqual(await (await ca.start(0, currentRelease, "emptyDir")).roots(), root);
      });
    }
  });

  describe("with the objects of the previous release and only a new image", () => {
    it("starts with the permissions of the previous release, and warns of none", async () => {
      await using ca = await ClusterInstallation.create(controlPlane, helm);
      await ca.install("helm template | kubectl apply", releases.previous, ["ca.stateSecret=kasbah-ca"]);
      const before = await (await ca.start(0, releases.previous)).roots();
      const pod = await ca.start(0, currentRelease);
      assert.deepEqual(await pod.roots(), before);
      await permissionsChecked(pod);
      assert.deepEqual((await pod.readiness()).warnings ?? [], []);
    });

    it("stays ready without the right to watch pods, which renewals by certificate now need, and names it", async () => {
      await using ca = await ClusterInstallation.create(controlPlane, helm);
      const values = ["ca.stateSecret=kasbah-ca", "ca.clientCertificates=true"];
      await ca.install("helm template | kubectl apply", releases.previous, values);
      const pod = await ca.start(0, currentRelease);
      await pod.roots();
      await eventually(
        async () => /RBAC: cannot get, list or watch pods/.test(await warningsOf(pod)),
        60_000,
      );
      assert.doesNotMatch(await warningsOf(pod), /RBAC: (?!cannot get, list or watch pods)/);
      await ca.install("helm template | kubectl apply", currentRelease, values);
      await eventually(async () => (await warningsOf(pod)) === "", 60_000);
    });
  });

  it("loses no replica for longer than its restart when three replicas are upgraded one by one, and back", async () => {
    await using ca = await ClusterInstallation.create(controlPlane, helm);
    const values = ["replicas=3", "ca.stateSecret=kasbah-ca"];
    await ca.install("helm upgrade", releases.previous, values);
    const pods = new Map<number, ClusterPod>();
    for (const ordinal of [0, 1, 2]) pods.set(ordinal, await ca.start(ordinal, releases.previous));
    const root = await pods.get(0)?.roots();
    for (const release of [currentRelease, releases.previous, currentRelease]) {
      await ca.install("helm upgrade", release, values);
      for (const ordinal of [2, 1, 0]) {
        const pod = await ca.start(ordinal, release);
        pods.set(ordinal, pod);
        assert.deepEqual(await pod.roots(), root);
        for (const other of pods.values()) await eventually(() => other.isReady(), 60_000);
      }
    }
    for (const pod of pods.values()) {
      await permissionsChecked(pod);
      assert.equal(await warningsOf(pod), "");
      assert.doesNotMatch(pod.log, /LEDGER_LOST/);
    }
  });

  describe("from a volume to three replicas with a Secret", () => {
    let origin: ClusterInstallation;
    let root: readonly string[];

    before(async () => {
      origin = await ClusterInstallation.create(controlPlane, helm);
      await origin.install("kasbah install", releases.previous, []);
      root = await (await origin.start(0, releases.previous)).roots();
      await origin.stop(0);
    });
    after(() => origin?.[Symbol.asyncDispose]());

    for (const order of orders) {
      it(`never creates a second root, and shares the first one after one command: pods start in the order ${order}`, async () => {
        await using ca = await ClusterInstallation.create(controlPlane, helm);
        await ca.copyVolume(origin, 0);
        await ca.install("kasbah install", currentRelease, ["replicas=3", "ca.stateSecret=kasbah-ca"]);
        const pods = new Map<number, ClusterPod>();
        for (const ordinal of order) {
          const pod = await ca.start(ordinal, currentRelease);
          pods.set(ordinal, pod);
          if (ordinal === 0) assert.deepEqual(await pod.roots(), root);
          else await pod.logged("waiting for the CA's Secret");
        }
        const [first, ...others] = [0, 1, 2].flatMap((ordinal) => pods.get(ordinal) ?? []);
        assert.ok(first);
        for (const pod of others) {
          const { ready, reasons } = await pod.readiness();
          assert.equal(ready, false);
          assert.match(reasons.join("\n"), /kasbah authority move --to-secret/);
        }
        assert.equal(await ca.secretKeys(), undefined);
        const said = await eventuallySaid(() => ca.kasbah(first, "authority", "move", "--to-secret"));
        assert.match(said, /moved the CA .* to Secret/);
        for (const pod of [first, ...others]) {
          await eventually(() => pod.isReady(), 60_000);
          assert.deepEqual(await pod.roots(), root);
        }
        assert.deepEqual((await first.readiness()).warnings ?? [], []);
      });
    }
  });
});
