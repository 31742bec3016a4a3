import assert from "node:assert/strict";
import { FakeClock, recordingLogger } from "@kasbah/testkit";
import { Leader, type LeaderDeps } from "./leader.ts";
import { calm, LeaseServer, MachineClock } from "./lease-simulation.fixture.ts";

const second = 1_000;
const leftByAnother = {
  metadata: { name: "kasbah-leader" },
  spec: { holderIdentity: "gone", leaseDurationSeconds: 15, renewTime: "2030-01-01T00:00:00.000000Z" },
};

describe("Succession of leaders", () => {
  let clock: FakeClock;
  let server: LeaseServer;

  beforeEach(() => {
    clock = new FakeClock();
    server = new LeaseServer(clock);
  });

  async function start(identity: string, deps: Partial<LeaderDeps> = {}): Promise<Leader> {
    const leader = new Leader({
      client: server.client(),
      namespace: "kasbah-system",
      identity,
      onChange: () => {},
      clock,
      logger: recordingLogger(),
      ...deps,
    });
    await leader.start();
    await clock.runFor(100);
    return leader;
  }

  function found(spec: Readonly<Record<string, unknown>>): void {
    const metadata = { ...leftByAnother.metadata, uid: "uid", resourceVersion: "7" };
    server.lease = { metadata, spec: { ...leftByAnother.spec, ...spec } };
  }

  async function stop(leader: Leader): Promise<void> {
    const stopping = leader.stop();
    await clock.runFor(2 * second);
    await stopping;
  }

  for (const renewTime of ["1999-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z", "soon", undefined]) {
    it(`waits for another holder's lease from the moment it was seen, regardless of its renewTime (${renewTime})`, async () => {
      found({ renewTime });
      const leader = await start("a");
      await clock.runFor(14.9 * second);
      assert.deepEqual([leader.isLeader, leader.holder], [false, "gone"]);
      await clock.runFor(0.1 * second);
      assert.deepEqual([leader.isLeader, leader.holder], [true, "a"]);
    });
  }

  it("respects a lease longer than its own, and ignores a shorter one", async () => {
    found({ leaseDurationSeconds: 60 });
    const patient = await start("a");
    await clock.runFor(59 * second);
    assert.equal(patient.isLeader, false);
    await clock.runFor(2 * second);
    assert.equal(patient.isLeader, true);
    found({ leaseDurationSeconds: 1 });
    const wary = await start("b");
    await clock.runFor(14 * second);
    assert.equal(wary.isLeader, false);
  });

  it("writes holder, acquisition, duration and number of transitions as Kubernetes does", async () => {
    found({ leaseTransitions: 4 });
    clock.jump(3_600_000);
    await start("a");
    await clock.runFor(16 * second);
    const { acquireTime, renewTime, ...spec } = server.lease?.spec ?? {};
    assert.deepEqual(spec, { holderIdentity: "a", leaseDurationSeconds: 15, leaseTransitions: 5 });
    assert.match(String(acquireTime), /^2030-01-01T01:00:15\.\d{3}000Z$/);
    await clock.runFor(4 * second);
    assert.equal(server.lease?.spec["acquireTime"], acquireTime);
    assert.ok(String(server.lease?.spec["renewTime"]) > String(renewTime));
  });

  it("takes over at the next retry after a leader that stopped and released its lease", async () => {
    const first = await start("a");
    const next = await start("b");
    await stop(first);
    assert.deepEqual([first.isLeader, next.isLeader, server.holder], [false, true, "b"]);
    assert.equal(server.lease?.spec["leaseTransitions"], 1);
  });

  it("ends the leadership before it releases the lease", async () => {
    const first = await start("a");
    const beliefs: boolean[] = [];
    server.onCall = () => beliefs.push(first.isLeader);
    await stop(first);
    assert.deepEqual([beliefs, server.holder], [[false], ""]);
  });

  it("does not wait for a hanging API server when it stops, so the lease has to expire", async () => {
    const first = await start("a");
    const next = await start("b");
    server.weather = () => ({ ...calm, fate: "silent" });
    await stop(first);
    server.weather = () => calm;
    await clock.runFor(20 * second);
    assert.deepEqual([first.isLeader, next.isLeader], [false, true]);
  });

  it("releases the lease even if the response to the last renewal was lost", async () => {
    const first = await start("a");
    await clock.runFor(1.8 * second);
    server.weather = () => ({ ...calm, thereMs: 500, fate: "lost" });
    await clock.runFor(0.3 * second);
    server.weather = () => calm;
    await stop(first);
    assert.equal(server.holder, "");
  });

  it("sends no request when a replica that never led stops", async () => {
    await start("a");
    const other = await start("b");
    const before = server.calls.filter(({ method }) => method !== "PUT").length;
    await stop(other);
    assert.equal(server.calls.filter(({ method }) => method !== "PUT").length, before);
  });

  it("never claims the lease after a stop, however late the response that would allow it", async () => {
    found({ holderIdentity: "" });
    server.weather = () => ({ ...calm, backMs: 4 * second });
    const leader = await start("a");
    await stop(leader);
    await clock.runFor(30 * second);
    assert.deepEqual(new Set(server.calls.map(({ method }) => method)), new Set(["GET"]));
  });

  it("waits for the expiry of a deleted lease, because its stopped holder may not have noticed", async () => {
    const machine = new MachineClock(clock);
    await start("a", { clock: machine, client: server.client(machine.awake) });
    const next = await start("b");
    machine.stopFor(60 * second);
    server.edit(() => undefined);
    await clock.runFor(12 * second);
    assert.equal(next.isLeader, false);
    await clock.runFor(5 * second);
    assert.equal(next.isLeader, true);
  });
});
