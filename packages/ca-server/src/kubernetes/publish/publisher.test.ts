import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import {
  createTestAuthority,
  eventually,
  type FakeKubernetesStore,
  type FakeObject,
  recordingLogger,
  startFakeKubernetesStore,
  throwsWithCode,
} from "@kasbah/testkit";
import { loopbackClient } from "../api/loopback-client.fixture.ts";
import { RootPublisher } from "./publisher.ts";

const name = "istio-ca-root-cert";
const key = "root-cert.pem";

describe("RootPublisher", () => {
  let store: FakeKubernetesStore;
  let publisher: RootPublisher;
  let bundle: string;
  let nextBundle: string;

  before(async () => {
    bundle = (await createTestAuthority()).rootPem;
    nextBundle = bundle + (await createTestAuthority()).rootPem;
  });

  beforeEach(async () => {
    store = await startFakeKubernetesStore();
    publisher = new RootPublisher({
      client: loopbackClient(store),
      identity: () => ({ installation: "kasbah-system/kasbah", stateSecret: undefined }),
      ...{ clock: systemClock, logger: recordingLogger(), roll: () => 0 },
    });
  });

  afterEach(async () => {
    await publisher.stop();
    await store.close();
  });

  const addNamespace = (namespace: string, rest: object = {}) =>
    store.objects.write("namespaces", { metadata: { name: namespace, ...rest } });
  const map = (namespace: string) => store.objects.get("configmaps", namespace, name);
  const rootIn = (namespace: string) => dataOf(map(namespace))[key];
  const writes = () => store.calls.filter(({ method }) => method !== "GET").length;
  const lead = async () => {
    publisher.publish(bundle);
    publisher.setLeading(true);
    await publisher.start();
    await eventually(() => publisher.isSynced);
  };

  it("rejects a bundle that would leave agents without a root", () => {
    for (const text of ["", "\n", "no PEM", bundle.replace("MII", "MIX")])
      throwsWithCode(() => publisher.publish(text), "CERTIFICATE_MALFORMED");
  });

  it("publishes in every namespace except those without workloads", async () => {
    const without = ["kube-public", "kube-node-lease", "local-path-storage"];
    for (const namespace of ["demo", "kube-system", ...without]) addNamespace(namespace);
    await lead();
    await eventually(() => rootIn("demo") === bundle && rootIn("kube-system") === bundle);
    assert.deepEqual(map("demo")?.metadata["labels"], { "istio.io/config": "true" });
    assert.deepEqual(without.map(rootIn), [undefined, undefined, undefined]);
    await eventually(() => publisher.pending === 0);
    assert.equal(writes(), 2);
    assert.ok(store.callsOf("POST").every(({ path }) => path.endsWith("?fieldManager=kasbah")));
  });

  it("publishes within a second in a namespace that is created later", async () => {
    await lead();
    addNamespace("new");
    await eventually(() => rootIn("new") === bundle, 1_000);
  });

  it("publishes nothing in a namespace that is terminating", async () => {
    addNamespace("leaving", { deletionTimestamp: "2030-01-01T00:00:00Z" });
    addNamespace("demo");
    await lead();
    await eventually(() => rootIn("demo") === bundle);
    await eventually(() => publisher.pending === 0);
    assert.equal(rootIn("leaving"), undefined);
    assert.equal(store.callsOf("POST").length, 1);
  });

  it("tolerates a namespace that terminates before its root is written", async () => {
    store.trouble = ({ method }) =>
      method === "POST"
        ? { status: 403, body: '{"details":{"causes":[{"reason":"NamespaceTerminating"}]}}' }
        : undefined;
    addNamespace("leaving");
    await lead();
    await eventually(() => writes() === 1);
    assert.equal(publisher.lastError, undefined);
    store.objects.remove("namespaces", undefined, "leaving");
    await eventually(() => publisher.pending === 0);
  });

  it("restores a root that was edited or deleted manually", async () => {
    addNamespace("demo");
    await lead();
    await eventually(() => rootIn("demo") === bundle);
    edit("demo", "vandalised", "kubectl-edit");
    await eventually(() => rootIn("demo") === bundle, 1_000);
    store.objects.remove("configmaps", "demo", name);
    await eventually(() => rootIn("demo") === bundle, 1_000);
  });

  function edit(namespace: string, pem: string, manager: string): void {
    const before = map(namespace) ?? { metadata: { name, namespace } };
    store.objects.write("configmaps", { ...before, data: { ...dataOf(before), [key]: pem } }, manager);
  }

  it("keeps the fields that other writers add to the ConfigMap", async () => {
    addNamespace("demo");
    const metadata = { name, namespace: "demo", labels: { team: "a" } };
    store.objects.write("configmaps", { metadata, data: { other: "kept" } }, "another-manager");
    await lead();
    await eventually(() => rootIn("demo") === bundle);
    assert.equal(dataOf(map("demo"))["other"], "kept");
    assert.deepEqual(map("demo")?.metadata["labels"], { team: "a", "istio.io/config": "true" });
  });

  it("publishes a new bundle in every namespace, a few at a time", async () => {
    for (let index = 0; index < 40; index += 1) addNamespace(`demo-${index}`);
    await lead();
    store.delayMs = 100;
    publisher.publish(nextBundle);
    await eventually(() => publisher.pending === 0, 8_000);
    assert.ok(store.mostWritesAtOnce <= 10, `${store.mostWritesAtOnce} at once`);
    for (let index = 0; index < 40; index += 1) assert.equal(rootIn(`demo-${index}`), nextBundle);
  });

  for (const last of ["namespaces", "configmaps"]) {
    it(`publishes in a new namespace immediately during the rollout of a bundle, if ${last} arrive last`, async () => {
      let refused = 0;
      store.trouble = ({ path }) =>
        path.startsWith(`/api/v1/${last}`) && refused++ === 0 ? { status: 503 } : undefined;
      for (let index = 0; index < 200; index += 1) addNamespace(`demo-${index}`);
      await lead();
      addNamespace("new");
      await eventually(() => rootIn("new") === bundle, 1_000);
      assert.ok(publisher.pending > 100, `${publisher.pending} are left`);
    });
  }

  it("writes nothing while it does not lead, and everything that is missing once it leads", async () => {
    addNamespace("demo");
    publisher.publish(bundle);
    await publisher.start();
    await eventually(() => publisher.isSynced);
    addNamespace("new");
    await eventually(() => publisher.pending === 2);
    assert.equal(writes(), 0);
    publisher.setLeading(true);
    await eventually(() => publisher.pending === 0);
    publisher.setLeading(false);
    store.objects.remove("configmaps", "demo", name);
    await eventually(() => publisher.pending === 1);
    assert.equal(writes(), 2);
  });

  it("writes nothing if it loses leadership between its read and its write", async () => {
    addNamespace("demo");
    store.trouble = ({ path }) => {
      if (path.startsWith("/api/v1/namespaces/demo/")) publisher.setLeading(false);
      return undefined;
    };
    await lead();
    await eventually(() => store.callsOf("GET /api/v1/namespaces/demo/").length === 1);
    await publisher.stop();
    assert.equal(writes(), 0);
  });

  it("continues when the API server recovers, and reports the problem meanwhile", async () => {
    addNamespace("demo");
    store.trouble = ({ method }) => (method === "POST" ? { status: 403 } : undefined);
    await lead();
    await eventually(() => publisher.lastError !== undefined);
    assert.match(String(publisher.lastError), /403 to a write of istio-ca-root-cert; .* missing role/);
    store.trouble = () => undefined;
    await eventually(() => rootIn("demo") === bundle);
    await eventually(() => publisher.lastError === undefined);
  });

  it("publishes in namespaces that were created while no watch was open", async () => {
    await lead();
    store.trouble = () => ({ status: 503 });
    store.cut();
    addNamespace("demo");
    await eventually(() => publisher.lastError !== undefined);
    store.trouble = () => undefined;
    await eventually(() => rootIn("demo") === bundle);
  });
});

function dataOf(object: FakeObject | undefined): Readonly<Record<string, unknown>> {
  const data = object?.["data"];
  return typeof data === "object" && data !== null ? { ...data } : {};
}
