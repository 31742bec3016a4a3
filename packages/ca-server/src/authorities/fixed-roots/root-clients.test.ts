import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { encodeShownRoots, ShownRoots } from "@kasbah/protocol";
import { FakeClock, rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import {
  type AuthoritiesOnDisk,
  dayMs,
  type OnDiskOptions,
  openOnDisk,
} from "../authorities-on-disk.fixture.ts";
import { OpensslHome } from "../plugged-in/openssl-home.fixture.ts";
import { rootOf } from "../rotation/authority-state.ts";

const hourMs = 3_600_000;

describe("RootClients", () => {
  let home: OpensslHome;
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let ca: AuthoritiesOnDisk;

  before(async () => {
    home = await OpensslHome.create();
    home.createRoot("later", { days: 300 });
    await home.createIntermediate("good", "root", { days: 29 });
    await home.createIntermediate("next", "later", { days: 200 });
  });
  after(() => home.remove());

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock(new Date());
    await home.plugIn("good", "root");
    await open();
    await issue("before");
  });
  afterEach(() => directory.remove());

  const open = async (changes: Partial<OnDiskOptions> = {}) => {
    const path = directory.join("ca");
    ca = await openOnDisk({ path, clock, pluggedInDirectory: home.directory, ...changes });
  };
  const later = (ms: number) => new Date(clock.now().getTime() + ms);
  const stage = () => ca.keeper.state.rotation?.stage;
  const newRoot = () => {
    const { rotation, signerId } = ca.keeper.state;
    return rootOf(ca.keeper.state, rotation?.to ?? signerId).certificate.fingerprint;
  };

  /** A client gets a certificate of one day, as over the gRPC port. */
  async function issue(name: string, roots: readonly string[] = []): Promise<void> {
    await ca.keeper.coverLeaf(ca.keeper.activeIssuer(clock.now()), later(dayMs));
    const shown = ShownRoots.parse([encodeShownRoots(roots)]);
    const client = { spiffeId: `spiffe://cluster.local/ns/demo/sa/${name}`, address: "10.0.0.7" };
    await ca.rootClients.saw({ ...client, program: "grpc-go/1.70", shown, until: later(dayMs) });
  }
  const pass = async (ms: number) => {
    clock.jump(ms);
    await ca.driver.look(false);
  };
  /** Replaces the files by those of another root, and waits until its intermediate signs. */
  async function reachActive(): Promise<void> {
    await home.plugIn("next", "root", "later");
    await ca.takePluggedIn();
    assert.equal(stage(), "distributed");
    await pass(20 * hourMs);
    await issue("before", [newRoot()]);
    await pass(8 * hourMs);
    assert.equal(stage(), "active");
  }
  const named = () => ca.driver.status().rootClients?.map(({ spiffeId, kind }) => [spiffeId.slice(-5), kind]);

  it("names no client and holds no rotation that has a cross-certificate", async () => {
    await rm(directory.path, { recursive: true });
    ca = await openOnDisk({ path: directory.join("own"), clock });
    await issue("stock");
    await ca.driver.rotate("root");
    for (let hour = 0; stage() !== undefined; hour += 7) {
      assert.ok(hour < 200);
      await issue("stock");
      await pass(7 * hourMs);
    }
    assert.deepEqual([named(), ca.rootClients.warnings()], [undefined, []]);
  });

  it("refuses to continue a rotation that does not wait for clients, or too early", async () => {
    await rejectsWithCode(ca.driver.continueRotation(), "OPERATION_REFUSED");
    await home.plugIn("next", "root", "later");
    await ca.takePluggedIn();
    const error = await rejectsWithCode(ca.driver.continueRotation(), "OPERATION_REFUSED");
    assert.match(error.message, /stage "distributed"/);
  });

  it("keeps the old root while stock clients and clients with the old root alone have certificates", async () => {
    await reachActive();
    for (let hour = 0; hour < 200; hour += 7) {
      await issue("stock");
      await issue("stale", [rootOf(ca.keeper.state, "intermediate-1").certificate.fingerprint]);
      await pass(7 * hourMs);
      assert.equal(stage(), "active");
    }
    assert.deepEqual(named(), [
      ["stale", "old-root"],
      ["stock", "unknown"],
    ]);
    const [warning] = ca.warnings();
    assert.match(
      String(warning),
      /^2 clients have not shown root-2, which root-1 cannot certify: .*sa\/stale at 10\.0\.0\.7, .*rotate --root --continue$/,
    );
    assert.match(String(ca.driver.status().rotation?.reason), /lose the CA when root-1 retires/);
  });

  it("goes on without these clients once an operator says so", async () => {
    await reachActive();
    for (const _ of [1, 2]) {
      await issue("stock");
      await pass(20 * hourMs);
    }
    assert.equal(stage(), "active");
    await ca.driver.continueRotation();
    assert.notEqual(stage(), "active");
    assert.deepEqual(ca.rootClients.warnings(), []);
    await rejectsWithCode(ca.driver.continueRotation(), "OPERATION_REFUSED");
  });

  it("goes on by itself when every client has shown the new root or is gone for a certificate's lifetime", async () => {
    await reachActive();
    await issue("gone");
    await issue("agent");
    await pass(20 * hourMs);
    await issue("agent", [newRoot()]);
    assert.deepEqual(named(), [["/gone", "unknown"]]);
    await pass(9 * hourMs);
    assert.equal(named(), undefined);
    assert.equal(stage(), "retiring");
  });

  it("still waits for the clients of before after a restart, although it has forgotten their names", async () => {
    await reachActive();
    await issue("stock");
    await pass(20 * hourMs);
    await issue("stock");
    await open();
    await pass(20 * hourMs);
    assert.deepEqual([stage(), named()], ["active", undefined]);
    await pass(8 * hourMs);
    assert.equal(stage(), "retiring");
  });

  it("waits for every certificate of a rotation that an earlier release has begun", async () => {
    await reachActive();
    await issue("stock");
    await ca.keeper.transition(({ rotation, ...state }) => {
      assert.ok(rotation);
      const { unprovenUntil: _, ...known } = rotation;
      return { ...state, rotation: known };
    });
    await open();
    await pass(20 * hourMs);
    await issue("agent", [newRoot()]);
    assert.equal(stage(), "active");
    await pass(8 * hourMs);
    assert.equal(stage(), "retiring");
  });

  it("does not wait once the old root has expired, since no client can use it", async () => {
    await reachActive();
    for (let day = 0; stage() === "active"; day += 1) {
      assert.ok(day < 40);
      await issue("stock");
      await pass(dayMs);
    }
    const { notAfter } = rootOf(ca.keeper.state, "intermediate-1").certificate;
    assert.ok(notAfter <= clock.now());
  });

  it("stays within its memory, and names the latest clients", async () => {
    await reachActive();
    for (let pod = 0; pod < 10_050; pod++) await issue(`p-${pod}`);
    const clients = ca.driver.status().rootClients ?? [];
    assert.equal(clients.length, 500);
    assert.match(String(clients[0]?.spiffeId), /p-10049$/);
    assert.match(String(ca.rootClients.warnings()[0]), /^10000 clients /);
  });

  it("certifies the new root, and waits for no client, if the old root's own key is plugged in", async () => {
    await rm(directory.path, { recursive: true });
    await home.plugIn("root", "root");
    await open();
    await issue("stock");
    await home.plugIn("next", "root", "later");
    await ca.takePluggedIn();
    assert.equal(ca.keeper.state.crossCertificates.length, 1);
    for (let hour = 0; stage() !== undefined; hour += 7) {
      assert.ok(hour < 200);
      await issue("stock");
      await pass(7 * hourMs);
    }
    assert.ok(ca.keeper.servingIssuer(clock.now()).crossCertificates.length === 1);
  });
});
