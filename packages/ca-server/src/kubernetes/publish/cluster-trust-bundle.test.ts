import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "@kasbah/runtime";
import {
  createTestAuthority,
  eventually,
  type FakeKubernetesStore,
  recordingLogger,
  startFakeKubernetesStore,
  throwsWithCode,
} from "@kasbah/testkit";
import { loopbackClient } from "../api/loopback-client.fixture.ts";
import { ClusterTrustBundlePublisher } from "./cluster-trust-bundle.ts";

const name = "kasbah.dev:ca:root";

describe("ClusterTrustBundlePublisher", () => {
  let store: FakeKubernetesStore;
  let publisher: ClusterTrustBundlePublisher;
  let bundle: string;

  before(async () => {
    bundle = (await createTestAuthority()).rootPem;
  });

  beforeEach(async () => {
    store = await startFakeKubernetesStore();
    publisher = new ClusterTrustBundlePublisher({
      client: loopbackClient(store),
      identity: () => ({ installation: "kasbah-system/kasbah", stateSecret: undefined }),
      ...{ clock: systemClock, logger: recordingLogger(), roll: () => 0 },
    });
  });

  afterEach(async () => {
    await publisher.stop();
    await store.close();
  });

  const spec = () => store.objects.get("clustertrustbundles", undefined, name)?.["spec"];
  const published = (trustBundle: string) => ({ signerName: "kasbah.dev/ca", trustBundle });
  const writes = () => store.calls.filter(({ method }) => method !== "GET").length;
  const lead = async () => {
    publisher.publish(bundle);
    publisher.setLeading(true);
    await publisher.start();
    await eventually(() => publisher.isPublished);
  };

  it("rejects an invalid bundle", () => {
    throwsWithCode(() => publisher.publish("no PEM"), "CERTIFICATE_MALFORMED");
  });

  it("publishes under the signer's name, and publishes each following bundle", async () => {
    await lead();
    assert.deepEqual(spec(), published(bundle));
    const both = bundle + (await createTestAuthority()).rootPem;
    publisher.publish(both);
    assert.equal(publisher.isPublished, false);
    await eventually(() => publisher.isPublished);
    assert.deepEqual(spec(), published(both));
    assert.equal(writes(), 2);
  });

  it("restores a bundle that was changed or deleted, and keeps its labels", async () => {
    await lead();
    store.objects.write("clustertrustbundles", {
      metadata: { name, labels: { team: "a" } },
      spec: published("vandalised"),
    });
    await eventually(() => publisher.isPublished && writes() === 2);
    const object = store.objects.get("clustertrustbundles", undefined, name);
    assert.deepEqual([object?.metadata["labels"], object?.["spec"]], [{ team: "a" }, published(bundle)]);
    store.objects.remove("clustertrustbundles", undefined, name);
    await eventually(() => publisher.isPublished && writes() === 3);
  });

  it("leaves the bundle of another installation unchanged and names it, and adopts one without a mark", async () => {
    const write = (annotations: object) =>
      store.objects.write("clustertrustbundles", {
        metadata: { name, annotations },
        spec: published("theirs"),
      });
    write({ "kasbah.dev/installation": "try/kasbah" });
    publisher.publish(bundle);
    publisher.setLeading(true);
    await publisher.start();
    await eventually(() => publisher.otherInstallation === "try/kasbah");
    await sleep(50);
    assert.equal(writes(), 0);
    write({});
    await eventually(() => publisher.isPublished);
    assert.equal(publisher.otherInstallation, undefined);
    const { metadata } = store.objects.get("clustertrustbundles", undefined, name) ?? {};
    assert.deepEqual(metadata?.["annotations"], { "kasbah.dev/installation": "kasbah-system/kasbah" });
  });

  it("writes nothing while it does not lead", async () => {
    publisher.publish(bundle);
    await publisher.start();
    await eventually(() => store.watchers === 1);
    await sleep(50);
    assert.equal(writes(), 0);
    publisher.setLeading(true);
    await eventually(() => publisher.isPublished);
  });

  it("reports that the cluster does not have the API, and detects the API when it is added", async () => {
    store.trouble = () => ({ status: 404 });
    publisher.publish(bundle);
    publisher.setLeading(true);
    await publisher.start();
    await eventually(() => publisher.lastError !== undefined);
    assert.match(String(publisher.lastError), /404/);
    store.trouble = () => undefined;
    await eventually(() => publisher.isPublished);
    assert.equal(publisher.lastError, undefined);
  });

  it("writes rarely against a program that undoes each write", async () => {
    await lead();
    const undo = setInterval(() => {
      store.objects.write("clustertrustbundles", { metadata: { name }, spec: published("theirs") });
    }, 20);
    await sleep(1_500);
    clearInterval(undo);
    assert.ok(writes() >= 3 && writes() <= 6, `${writes()} writes`);
  });
});
