import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import {
  eventually,
  type FakeKubernetesStore,
  recordingLogger,
  startFakeKubernetesStore,
} from "@kasbah/testkit";
import { loopbackClient } from "../api/loopback-client.fixture.ts";
import { PodInformer } from "./pod-informer.ts";
import { KubernetesPods } from "./pods.ts";

const workload = { namespace: "demo", serviceAccount: "default" };

describe("PodInformer in a large cluster", () => {
  let store: FakeKubernetesStore;
  let informer: PodInformer;

  beforeEach(async () => {
    store = await startFakeKubernetesStore();
    const client = loopbackClient(store);
    const direct = new KubernetesPods({ client, clock: systemClock });
    informer = new PodInformer({
      ...{ client, direct, clock: systemClock, logger: recordingLogger(), roll: () => 0 },
    });
  });

  afterEach(async () => {
    await informer.stop();
    await store.close();
  });

  it("reads ten thousand pods in pages, and skips pods of unexpected shapes", async () => {
    for (let index = 0; index < 10_000; index += 1) {
      const metadata = { name: `pod-${index}`, namespace: "demo", uid: `uid-${index}` };
      const nodeName = `node-${index % 100}`;
      store.objects.write("pods", { metadata, spec: index % 10 === 0 ? { nodeName: 7 } : { nodeName } });
    }
    await informer.start();
    await eventually(() => informer.isHealthy, 20_000);
    assert.deepEqual([informer.size, informer.skipped], [9_000, 1_000]);
    assert.equal(await informer.runsOn("node-1", workload), true);
    assert.equal(await informer.runsOn("node-10", workload), false);
  }).timeout(30_000);
});
