import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import {
  eventually,
  type FakeKubernetesStore,
  recordingLogger,
  startFakeKubernetesStore,
} from "@kasbah/testkit";
import { podTag } from "../../authn/pod-marks.ts";
import type { RunningPod } from "../../authn/ports.ts";
import { loopbackClient } from "../api/loopback-client.fixture.ts";
import { PodInformer } from "./pod-informer.ts";

interface Change {
  readonly uid?: string;
  readonly node?: string | undefined;
  readonly phase?: string;
}

const workload = { namespace: "demo", serviceAccount: "frontend" };

describe("PodInformer", () => {
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
  /** Once this pod is known, so are all earlier changes. */
  const settled = async () => {
    const last = `last-${store.objects.version}`;
    run(last, { node: last });
    await eventually(() => informer.runsOn(last, workload));
  };

  it("finds the node of a workload without a request for each caller", async () => {
    run("frontend-1");
    await follow();
    assert.equal(await informer.runsOn("node-1", workload), true);
    assert.equal(await informer.runsOn("node-2", workload), false);
    assert.equal(await informer.runsOn("node-1", { ...workload, namespace: "other" }), false);
    assert.equal(await informer.runsOn("node-1", { ...workload, serviceAccount: "backend" }), false);
    assert.equal(await informer.runsOn("", workload), false);
    assert.deepEqual(asked, []);
  });

  it("finds a workload on a node until the last of its pods there has ended or was deleted", async () => {
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

  it("counts a pod that waits for its containers, or whose phase is unknown, as running", async () => {
    run("a", { phase: "Pending" });
    run("b", { node: "node-2", phase: "Reconsidering" });
    await follow();
    assert.equal(await informer.runsOn("node-1", workload), true);
    assert.equal(await informer.runsOn("node-2", workload), true);
  });

  it("returns a known pod, and requests one that is unknown or not scheduled", async () => {
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

  it("requests every pod until it has read all pods, and while its watch fails", async () => {
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

  it("reports a deleted pod without a request", async () => {
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

  it("reports a pod as deleted when another pod has its name, even after a gap in the watch", async () => {
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

  it("does not report a pod as deleted that it never saw, because its events may be in flight", async () => {
    await follow();
    assert.equal(informer.isGone("demo", "uid-of-frontend-1"), false);
  });

  it("does not report a pod as deleted that has ended but still exists", async () => {
    run("job-1", { phase: "Succeeded" });
    await follow();
    assert.equal(informer.isGone("demo", "uid-of-job-1"), false);
  });

  it("accepts a pod again when the server brings it back", async () => {
    run("db-0", { uid: "first" });
    await follow();
    run("db-0", { uid: "second" });
    run("db-0", { uid: "first" });
    await settled();
    assert.equal(informer.isGone("demo", "first"), false);
    assert.equal(informer.isGone("demo", "second"), true);
  });

  describe("PodInformer, about the pod of a certificate", () => {
    const longAgo = new Date(0);
    const gone = (name: string, seenAt = longAgo) => informer.isTagGone(podTag(`uid-of-${name}`), seenAt);

    it("knows a pod that exists, and one that disappeared while it watched", async () => {
      for (const name of ["frontend-1", "frontend-2"]) run(name);
      await follow();
      assert.equal(informer.isTagKnown(podTag("uid-of-frontend-1")), true);
      assert.deepEqual([gone("frontend-1"), gone("frontend-2")], [false, false]);
      store.objects.remove("pods", "demo", "frontend-1");
      await settled();
      assert.deepEqual([gone("frontend-1"), gone("frontend-2")], [true, false]);
      assert.equal(gone("frontend-1", systemClock.now()), true, "even right after its token");
      assert.equal(informer.isTagKnown(podTag("uid-of-frontend-1")), false);
    });

    it("counts a pod as deleted that disappeared before it started, unless its token is too new", async () => {
      run("frontend-1");
      await follow();
      assert.equal(gone("frontend-9"), true);
      assert.equal(gone("frontend-9", systemClock.now()), false, "its event may be in flight");
    });

    it("counts a pod as deleted that a list did not contain which began six minutes after its token", async () => {
      const minutesAgo = (minutes: number) => new Date(systemClock.now().getTime() - minutes * 60_000);
      run("frontend-1");
      await follow();
      assert.deepEqual([gone("frontend-9", minutesAgo(7)), gone("frontend-9", minutesAgo(5))], [true, false]);
    });

    it("has read all pods when it has started", async () => {
      run("frontend-1");
      await informer.start();
      assert.deepEqual([gone("frontend-1"), gone("frontend-9")], [false, true]);
    });

    it("starts without the pods if they cannot be listed, and then counts no pod as deleted", async () => {
      store.trouble = () => ({ status: 403 });
      await informer.start();
      assert.equal(gone("frontend-9"), false);
    });

    it("counts only pods as deleted that it saw disappear while its watch fails", async () => {
      for (const name of ["frontend-1", "frontend-2"]) run(name);
      await follow();
      store.objects.remove("pods", "demo", "frontend-1");
      await settled();
      store.trouble = () => ({ status: 503 });
      store.cut();
      await eventually(() => !informer.isHealthy);
      assert.deepEqual(
        ["frontend-1", "frontend-2", "frontend-9"].map((name) => gone(name)),
        [true, false, false],
      );
    });

    it("counts no unseen pod as deleted while it could not read one of them", async () => {
      store.objects.write("pods", { metadata: { name: "odd", namespace: "demo" } });
      await follow();
      assert.ok(informer.skipped > 0);
      assert.equal(gone("frontend-9"), false);
    });
  });
});
