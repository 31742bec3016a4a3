import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import {
  createTestAuthority,
  eventually,
  type FakeKubernetesStore,
  type RecordingLogger,
  recordingLogger,
  startFakeKubernetesStore,
} from "@kasbah/testkit";
import { parseLabelSelector } from "../../config/namespaces/label-selector.ts";
import { loopbackClient } from "../api/loopback-client.fixture.ts";
import { RootPublisher } from "./publisher.ts";

const name = "istio-ca-root-cert";
const key = "root-cert.pem";

describe("RootPublisher with a selector of namespaces", () => {
  let store: FakeKubernetesStore;
  let publisher: RootPublisher;
  let logger: RecordingLogger;
  let bundle: string;
  let nextBundle: string;

  before(async () => {
    bundle = (await createTestAuthority()).rootPem;
    nextBundle = bundle + (await createTestAuthority()).rootPem;
  });

  beforeEach(async () => {
    store = await startFakeKubernetesStore();
    logger = recordingLogger();
    publisher = newPublisher();
  });

  afterEach(async () => {
    await publisher.stop();
    await store.close();
  });

  function newPublisher(): RootPublisher {
    return new RootPublisher({
      client: loopbackClient(store),
      selects: parseLabelSelector("mesh=on").matches,
      identity: () => ({ installation: "kasbah-system/kasbah", stateSecret: undefined }),
      ...{ clock: systemClock, logger, roll: () => 0 },
    });
  }

  const label = (namespace: string, labels: object = {}) =>
    store.objects.write("namespaces", { metadata: { name: namespace, labels } });
  const map = (namespace: string) => store.objects.get("configmaps", namespace, name);
  const rootIn = (namespace: string) => Object(map(namespace)?.["data"])[key];
  const write = (namespace: string, pem: string, manager: string) => {
    const before = map(namespace) ?? { metadata: { name, namespace } };
    store.objects.write("configmaps", { ...before, data: { [key]: pem } }, manager);
  };
  const lead = async (pem = bundle) => {
    publisher.publish(pem);
    publisher.setLeading(true);
    await publisher.start();
    await eventually(() => publisher.isSynced && publisher.pending === 0);
  };

  /** Events of namespaces arrive in order, so those of before have arrived, too. */
  const untilSeen = async () => {
    label("later", { mesh: "on" });
    await eventually(() => rootIn("later") !== undefined);
  };

  it("publishes only where the labels match, and in the CA's own namespace", async () => {
    label("demo", { mesh: "on" });
    label("other", { mesh: "off" });
    label("kube-public", { mesh: "on" });
    label("kasbah-system");
    await lead();
    assert.deepEqual(["demo", "kasbah-system"].map(rootIn), [bundle, bundle]);
    assert.deepEqual(["other", "kube-public"].map(rootIn), [undefined, undefined]);
    assert.equal(store.callsOf("POST").length, 2);
  });

  it("publishes within a second in a namespace that begins to match", async () => {
    label("demo");
    await lead();
    assert.equal(rootIn("demo"), undefined);
    label("demo", { mesh: "on" });
    await eventually(() => rootIn("demo") === bundle, 1_000);
  });

  it("keeps the root current in a namespace that no longer matches, because running pods mount it", async () => {
    label("demo", { mesh: "on" });
    await lead();
    label("demo");
    await untilSeen();
    publisher.publish(nextBundle);
    await eventually(() => rootIn("demo") === nextBundle);
    await publisher.stop();
    publisher = newPublisher();
    await lead(bundle);
    assert.equal(rootIn("demo"), bundle);
  });

  it("does not create the root again where it no longer matches and someone deleted it", async () => {
    label("demo", { mesh: "on" });
    label("live", { mesh: "on" });
    await lead();
    label("demo");
    await untilSeen();
    store.objects.remove("configmaps", "demo", name);
    publisher.publish(nextBundle);
    await eventually(() => rootIn("live") === nextBundle && publisher.pending === 0);
    assert.equal(map("demo"), undefined);
  });

  it("neither changes nor reports the root of another program where the labels do not match", async () => {
    label("demo");
    write("demo", "theirs", "pilot-discovery");
    label("was-ours", { mesh: "on" });
    label("live", { mesh: "on" });
    await lead();
    label("was-ours");
    await untilSeen();
    write("was-ours", "theirs", "pilot-discovery");
    publisher.publish(nextBundle);
    await eventually(() => rootIn("live") === nextBundle && publisher.pending === 0);
    assert.deepEqual(["demo", "was-ours"].map(rootIn), ["theirs", "theirs"]);
    assert.deepEqual(publisher.conflicts(), []);
    const warnings = logger.events.filter(
      ({ level, facts }) => level === "warn" && facts?.["namespace"] === "demo",
    );
    assert.deepEqual(warnings, []);
  });
});
