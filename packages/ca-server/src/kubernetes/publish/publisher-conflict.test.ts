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

describe("A root publisher that is not alone", () => {
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

  it("leaves alone what another program wrote before it came, and reports it", async () => {
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

  it("stops when another program writes another root after it", async () => {
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

  it("has no conflict with another program that writes the same root", async () => {
    write(`${bundle.trim()}\r\n`, "pilot-discovery");
    await lead();
    await sleep(100);
    assert.deepEqual(publisher.conflicts(), []);
    assert.equal(publisher.pending, 0);
    assert.equal(writes(), 0);
  });

  it("changes the root that it took over from another program, which then stays away", async () => {
    write(bundle, "pilot-discovery");
    await lead();
    await eventually(() => publisher.isSynced && publisher.pending === 0);
    const both = bundle + roots[1];
    publisher.publish(both);
    await eventually(() => root() === both);
    assert.deepEqual(publisher.conflicts(), []);
  });

  it("changes it once, when that program is still there and sets it back", async () => {
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

  it("goes on when the other's root is deleted, or is the same as its own", async () => {
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

  it("never writes over what another wrote between its look and its write", async () => {
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

  it("has no conflict in a namespace that goes away", async () => {
    write("theirs", "pilot-discovery");
    await lead();
    await eventually(isConflict);
    store.objects.remove("namespaces", undefined, "demo");
    await eventually(() => publisher.conflicts().length === 0);
  });

  it("does not fight for ever with one of its own name, and reports it", async () => {
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

  it("is one of two replicas, of which the second goes on where the first stops leading", async () => {
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
