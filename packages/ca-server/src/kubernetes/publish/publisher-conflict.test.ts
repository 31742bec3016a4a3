import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { type Clock, systemClock } from "@kasbah/runtime";
import {
  createTestAuthority,
  eventually,
  type FakeKubernetesStore,
  type RecordingLogger,
  recordingLogger,
  startFakeKubernetesStore,
} from "@kasbah/testkit";
import { loopbackClient } from "../api/loopback-client.fixture.ts";
import { RootPublisher } from "./publisher.ts";

const name = "istio-ca-root-cert";
const key = "root-cert.pem";

describe("RootPublisher in conflict with another program", () => {
  let store: FakeKubernetesStore;
  let publishers: RootPublisher[];
  let publisher: RootPublisher;
  let logger: RecordingLogger;
  let roots: readonly string[];
  let bundle: string;

  before(async () => {
    roots = await Promise.all([1, 2, 3].map(async () => (await createTestAuthority()).rootPem));
    bundle = roots[0] ?? "";
  });

  beforeEach(async () => {
    store = await startFakeKubernetesStore();
    logger = recordingLogger();
    publishers = [];
    publisher = newPublisher();
    store.objects.write("namespaces", { metadata: { name: "demo" } });
  });

  afterEach(async () => {
    for (const each of publishers) await each.stop();
    await store.close();
  });

  function newPublisher(clock: Clock = systemClock): RootPublisher {
    const created = new RootPublisher({
      client: loopbackClient(store),
      identity: () => ({ installation: "kasbah-system/kasbah", stateSecret: undefined }),
      ...{ clock, logger, roll: () => 0 },
    });
    publishers.push(created);
    return created;
  }

  async function lead(pem = bundle, leader = publisher): Promise<void> {
    leader.publish(pem);
    leader.setLeading(true);
    await leader.start();
    await eventually(() => leader.isSynced);
  }

  const write = (pem: string, manager: string) => {
    const before = store.objects.get("configmaps", "demo", name) ?? { metadata: { name, namespace: "demo" } };
    store.objects.write("configmaps", { ...before, data: { [key]: pem } }, manager);
  };
  const root = () => Object(store.objects.get("configmaps", "demo", name)?.["data"])[key];
  const writes = () => store.calls.filter(({ method }) => method !== "GET").length;
  const isConflict = () => publisher.conflicts().length === 1;

  it("leaves a root unchanged that another program wrote before, and reports it", async () => {
    write("theirs", "pilot-discovery");
    await lead();
    await eventually(isConflict);
    assert.deepEqual(publisher.conflicts(), [{ namespace: "demo", manager: "pilot-discovery" }]);
    await sleep(100);
    assert.equal(root(), "theirs");
    assert.equal(writes(), 0);
    const [event] = logger.events.filter(({ level }) => level === "warn");
    assert.deepEqual(event?.facts, {
      ...{ namespace: "demo", manager: "pilot-discovery", code: "ROOT_PUBLISHER_CONFLICT" },
    });
  });

  it("stops writing when another program writes another root afterwards", async () => {
    await lead();
    await eventually(() => root() === bundle);
    write("theirs", "pilot-discovery");
    await eventually(isConflict);
    for (let times = 0; times < 5; times += 1) write(`theirs ${times}`, "pilot-discovery");
    await sleep(100);
    assert.equal(writes(), 1);
    assert.equal(root(), "theirs 4");
    assert.equal(logger.events.filter(({ level }) => level === "warn").length, 1);
  });

  it("reports no conflict with another program that writes the same root", async () => {
    write(`${bundle.trim()}\r\n`, "pilot-discovery");
    await lead();
    await sleep(100);
    assert.deepEqual(publisher.conflicts(), []);
    assert.equal(publisher.pending, 0);
    assert.equal(writes(), 0);
  });

  it("replaces the root that it took over from another program that no longer writes", async () => {
    write(bundle, "pilot-discovery");
    await lead();
    await eventually(() => publisher.isSynced && publisher.pending === 0);
    const both = bundle + roots[1];
    publisher.publish(both);
    await eventually(() => root() === both);
    assert.deepEqual(publisher.conflicts(), []);
  });

  it("replaces the root only once if the other program still runs and reverts it", async () => {
    write(bundle, "pilot-discovery");
    await lead();
    await eventually(() => publisher.isSynced && publisher.pending === 0);
    const both = bundle + roots[1];
    publisher.publish(both);
    await eventually(() => root() === both);
    write(bundle, "pilot-discovery");
    await eventually(isConflict);
    await sleep(100);
    assert.equal(root(), bundle);
    assert.equal(writes(), 1);
  });

  it("writes again when the other program's root is deleted or equals its own", async () => {
    write("theirs", "pilot-discovery");
    await lead();
    await eventually(isConflict);
    store.objects.remove("configmaps", "demo", name);
    await eventually(() => root() === bundle);
    await eventually(() => publisher.conflicts().length === 0);
    write("theirs", "pilot-discovery");
    await eventually(isConflict);
    write(bundle, "pilot-discovery");
    await eventually(() => publisher.conflicts().length === 0);
    assert.equal(publisher.pending, 0);
  });

  it("never overwrites a root that another program wrote between its read and its write", async () => {
    await lead();
    await eventually(() => root() === bundle);
    store.trouble = ({ method }) => {
      if (method === "PUT") write("theirs", "pilot-discovery");
      return undefined;
    };
    write("vandalised", "kubectl-edit");
    await eventually(isConflict);
    await sleep(100);
    assert.equal(root(), "theirs");
    assert.equal(publisher.lastError, undefined);
  });

  it("reports no conflict in a namespace that is terminating", async () => {
    write("theirs", "pilot-discovery");
    await lead();
    await eventually(isConflict);
    store.objects.remove("namespaces", undefined, "demo");
    await eventually(() => publisher.conflicts().length === 0);
  });

  it("does not compete forever with a program of the same name, and reports it", async () => {
    const other = newPublisher();
    await lead();
    await lead(roots[1], other);
    await eventually(() => isConflict() || other.conflicts().length === 1, 8_000);
    await eventually(() => writes() >= 6);
    const before = writes();
    await sleep(1_500);
    assert.ok(writes() - before <= 4, `${writes() - before} writes in a second and a half`);
    const [conflict] = [...publisher.conflicts(), ...other.conflicts()];
    assert.deepEqual(conflict, { namespace: "demo", manager: "kasbah" });
  }).timeout(20_000);

  it("continues on the second of two replicas where the first stops leading", async () => {
    const other = newPublisher();
    other.publish(bundle);
    await other.start();
    await lead();
    await eventually(() => root() === bundle);
    publisher.setLeading(false);
    other.setLeading(true);
    write("vandalised", "kubectl-edit");
    await eventually(() => root() === bundle, 1_000);
    assert.equal(writes(), 2);
  });
});
