import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import {
  eventually,
  type FakeKubernetesStore,
  recordingLogger,
  startFakeKubernetesStore,
} from "@kasbah/testkit";
import type { RunningPod } from "../../authn/ports.ts";
import { loopbackClient } from "../api/loopback-client.fixture.ts";
import { PodInformer } from "./pod-informer.ts";

interface Change {
  readonly uid?: string;
  readonly node?: string | undefined;
  readonly phase?: string;
}

const workload = { namespace: "demo", serviceAccount: "frontend" };

describe("A pod informer", () => {
  let store: FakeKubernetesStore;
  let informer: PodInformer;
  let asked: string[];
  const direct: RunningPod = { uid: "direct", serviceAccount: "direct", node: "direct" };

  beforeEach(async () => {
    store = await startFakeKubernetesStore();
    asked = [];
    informer = new PodInformer({
      client: loopbackClient(store),
      direct: {
        find: async (namespace, name) => {
          asked.push(`${namespace}/${name}`);
          return direct;
        },
        runsOn: async (node) => {
          asked.push(node);
          return true;
        },
      },
      ...{ clock: systemClock, logger: recordingLogger(), roll: () => 0 },
    });
    store.objects.write("namespaces", { metadata: { name: "demo" } });
  });

  afterEach(async () => {
    await informer.stop();
    await store.close();
  });

  function run(name: string, { uid = `uid-of-${name}`, node = "node-1", phase }: Change = {}): void {
    const isAnother = store.objects.get("pods", "demo", name)?.metadata["uid"] !== uid;
    if (isAnother) store.objects.remove("pods", "demo", name);
    store.objects.write("pods", {
      metadata: { name, namespace: "demo", uid },
      spec: { serviceAccountName: "frontend", ...(node === "" ? {} : { nodeName: node }) },
      status: { phase: phase ?? "Running" },
    });
  }
  const follow = async () => {
    await informer.start();
    await eventually(() => store.watchers === 1);
  };
  /** Whatever was changed before is known once this is there. */
  const settled = async () => {
    const last = `last-${store.objects.version}`;
    run(last, { node: last });
    await eventually(() => informer.runsOn(last, workload));
  };

  it("knows where a workload runs, without a question for each caller", async () => {
    run("frontend-1");
    await follow();
    assert.equal(await informer.runsOn("node-1", workload), true);
    assert.equal(await informer.runsOn("node-2", workload), false);
    assert.equal(await informer.runsOn("node-1", { ...workload, namespace: "other" }), false);
    assert.equal(await informer.runsOn("node-1", { ...workload, serviceAccount: "backend" }), false);
    assert.equal(await informer.runsOn("", workload), false);
    assert.deepEqual(asked, []);
  });

  it("knows a workload on a node until the last of its pods there has ended or gone", async () => {
    for (const name of ["frontend-1", "frontend-2", "frontend-3"]) run(name);
    await follow();
    run("frontend-1", { phase: "Failed" });
    run("frontend-2", { phase: "Succeeded" });
    await settled();
    assert.equal(await informer.runsOn("node-1", workload), true);
    store.objects.remove("pods", "demo", "frontend-3");
    await settled();
    assert.equal(await informer.runsOn("node-1", workload), false);
  });

  it("counts a pod that waits for its containers, or whose phase is new, as running", async () => {
    run("a", { phase: "Pending" });
    run("b", { node: "node-2", phase: "Reconsidering" });
    await follow();
    assert.equal(await informer.runsOn("node-1", workload), true);
    assert.equal(await informer.runsOn("node-2", workload), true);
  });

  it("finds a pod that it knows, and asks for one that it does not know or that is not scheduled", async () => {
    run("frontend-1");
    run("frontend-2", { node: "" });
    await follow();
    const found = { uid: "uid-of-frontend-1", serviceAccount: "frontend", node: "node-1" };
    assert.deepEqual(await informer.find("demo", "frontend-1"), found);
    assert.deepEqual(asked, []);
    assert.deepEqual(await informer.find("demo", "frontend-2"), direct);
    assert.deepEqual(await informer.find("demo", "frontend-3"), direct);
    assert.deepEqual(asked, ["demo/frontend-2", "demo/frontend-3"]);
  });

  it("leaves all to direct questions before it has read all pods, and while it cannot follow them", async () => {
    run("frontend-1");
    assert.equal(await informer.runsOn("node-2", workload), true);
    await follow();
    store.trouble = () => ({ status: 503 });
    store.cut();
    await eventually(() => !informer.isHealthy);
    assert.equal(await informer.runsOn("node-3", workload), true);
    assert.deepEqual(await informer.find("demo", "frontend-1"), direct);
    assert.deepEqual(asked, ["node-2", "node-3", "demo/frontend-1"]);
    store.trouble = () => undefined;
    await eventually(() => informer.isHealthy);
    assert.equal(await informer.runsOn("node-3", workload), false);
  });

  it("knows that a pod was deleted, and asks nobody", async () => {
    run("frontend-1");
    run("frontend-2");
    await follow();
    assert.equal(informer.isGone("demo", "uid-of-frontend-1"), false);
    store.objects.remove("pods", "demo", "frontend-1");
    await settled();
    assert.equal(informer.isGone("demo", "uid-of-frontend-1"), true);
    assert.equal(informer.isGone("other", "uid-of-frontend-1"), false);
    assert.equal(informer.isGone("demo", "uid-of-frontend-2"), false);
  });

  it("knows that a pod is gone when another of its name is there, also one that went while it could not look", async () => {
    run("db-0", { uid: "first" });
    await follow();
    run("db-0", { uid: "second" });
    await settled();
    assert.equal(informer.isGone("demo", "first"), true);
    assert.equal(informer.isGone("demo", "second"), false);
    store.trouble = () => ({ status: 503 });
    store.cut();
    await eventually(() => !informer.isHealthy);
    run("db-0", { uid: "third" });
    store.trouble = () => undefined;
    await eventually(() => informer.isHealthy);
    assert.equal(informer.isGone("demo", "second"), true);
  });

  it("takes no pod for gone that it never saw: its events may be on their way", async () => {
    await follow();
    assert.equal(informer.isGone("demo", "uid-of-frontend-1"), false);
  });

  it("takes a pod that has ended, and is still there, for no pod that is gone", async () => {
    run("job-1", { phase: "Succeeded" });
    await follow();
    assert.equal(informer.isGone("demo", "uid-of-job-1"), false);
  });

  it("believes a server that brings a pod back", async () => {
    run("db-0", { uid: "first" });
    await follow();
    run("db-0", { uid: "second" });
    run("db-0", { uid: "first" });
    await settled();
    assert.equal(informer.isGone("demo", "first"), false);
    assert.equal(informer.isGone("demo", "second"), true);
  });
});
