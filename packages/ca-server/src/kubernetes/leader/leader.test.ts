import assert from "node:assert/strict";
import { FakeClock, recordingLogger } from "@kasbah/testkit";
import { Leader, type LeaderDeps } from "./leader.ts";
import { calm, LeaseServer, MachineClock } from "./lease-simulation.fixture.ts";

const second = 1_000;
const event = "cannot acquire or renew the leader lease";

describe("Leader", () => {
  let clock: FakeClock;
  let server: LeaseServer;
  let said: string[];
  let started: Leader[];

  beforeEach(() => {
    clock = new FakeClock();
    server = new LeaseServer(clock);
    said = [];
    started = [];
  });

  async function start(identity: string, deps: Partial<LeaderDeps> = {}): Promise<Leader> {
    const leader = new Leader({
      client: server.client(),
      namespace: "kasbah-system",
      identity,
      onChange: (isLeader) => said.push(`${identity} ${isLeader ? "leads" : "ends"}`),
      clock,
      logger: recordingLogger(),
      ...deps,
    });
    started.push(leader);
    await leader.start();
    await clock.runFor(100);
    return leader;
  }

  async function startOn(machine: MachineClock, identity: string): Promise<Leader> {
    return start(identity, { clock: machine, client: server.client(machine.awake) });
  }

  it("releases the lease when it may no longer lead, and leads again only after another replica", async () => {
    let mayLead = true;
    const leader = await start("a", { mayLead: () => mayLead });
    const other = await start("b");
    await clock.runFor(second);
    assert.deepEqual([leader.isLeader, other.isLeader], [true, false]);
    mayLead = false;
    assert.equal(leader.isLeader, false, "at once");
    await clock.runFor(5 * second);
    assert.deepEqual([leader.isLeader, other.isLeader, leader.isAnotherAlive], [false, true, true]);
    mayLead = true;
    await clock.runFor(60 * second);
    assert.deepEqual([leader.isLeader, other.isLeader, other.isAnotherAlive], [false, true, false]);
    assert.deepEqual(said, ["a leads", "a ends", "b leads"]);
  });

  it("never claims a lease while it may not lead, even if no one else does", async () => {
    const leader = await start("a", { mayLead: () => false });
    await clock.runFor(60 * second);
    assert.deepEqual([leader.isLeader, leader.holder, leader.isAnotherAlive, said], [false, "", false, []]);
  });

  it("does not lead while the API server does not answer, and reports the reason", async () => {
    server.weather = () => ({ ...calm, fate: "silent" });
    const [logger, leader] = [recordingLogger(), await start("a")];
    const other = await start("b", { logger });
    await clock.runFor(60 * second);
    assert.deepEqual([leader.isLeader, other.isLeader, said], [false, false, []]);
    assert.match(
      other.warnings().join(),
      /^leader: cannot renew the lease: .* did not answer within 5000 ms$/,
    );
    assert.equal(logger.named(event).length, 1);
  });

  it("loses leadership at the deadline of its last renewal while the API server hangs, not when it finally answers", async () => {
    const leader = await start("a");
    await clock.runFor(second);
    server.weather = () => ({ ...calm, fate: "silent" });
    const sentAtMs = 2;
    await clock.runFor(sentAtMs + 9_999 - clock.monotonicMs());
    assert.equal(leader.isLeader, true);
    await clock.runFor(1);
    assert.equal(leader.isLeader, false);
    assert.deepEqual(said, ["a leads", "a ends"]);
  });

  it("leads again once the API server answers, without a transition if no other replica led in between", async () => {
    const leader = await start("a");
    server.weather = () => ({ ...calm, fate: "refused" });
    await clock.runFor(12 * second);
    assert.equal(leader.isLeader, false);
    server.weather = () => calm;
    await clock.runFor(2.5 * second);
    assert.deepEqual([leader.isLeader, leader.warnings()], [true, []]);
    assert.equal(server.lease?.spec["leaseTransitions"], 0);
  });

  it("does not consider itself leader after a stop beyond its lease, even before it reads the lease", async () => {
    const machine = new MachineClock(clock);
    const leader = await startOn(machine, "a");
    await start("b");
    machine.stopFor(40 * second);
    await clock.runFor(39 * second);
    assert.deepEqual([leader.isLeader, said], [false, ["a leads", "b leads"]]);
    await clock.runFor(3 * second);
    assert.deepEqual(said, ["a leads", "b leads", "a ends"]);
  });

  it("does not count a response that waited for a stopped process as a renewal", async () => {
    const machine = new MachineClock(clock);
    server.onCall = () => {
      if (server.holder === "a" && said.length === 0) machine.stopFor(20 * second);
    };
    const leader = await startOn(machine, "a");
    assert.equal(server.holder, "a");
    await clock.runFor(20 * second);
    assert.deepEqual([leader.isLeader, said], [false, []]);
  });

  it("does not consider itself leader after its machine was suspended, while the monotonic clock was stopped", async () => {
    const machine = new MachineClock(clock);
    const leader = await startOn(machine, "a");
    await machine.suspendFor(12 * second);
    assert.ok(machine.monotonicMs() < second);
    assert.equal(leader.isLeader, false);
    await clock.runFor(3 * second);
    assert.deepEqual(said, ["a leads", "a ends", "a leads"]);
  });

  it("loses leadership immediately when it sees another holder", async () => {
    const leader = await start("a");
    server.edit((lease) => ({ ...lease, spec: { ...lease.spec, holderIdentity: "b" } }));
    await clock.runFor(2 * second);
    assert.deepEqual([leader.isLeader, leader.holder, said], [false, "b", ["a leads", "a ends"]]);
  });

  it("stays leader when another client annotates its lease, and keeps the annotation", async () => {
    const leader = await start("a");
    const labels = { "app.kubernetes.io/managed-by": "Helm" };
    server.edit((lease) => ({
      metadata: { ...lease.metadata, labels },
      spec: { ...lease.spec, strategy: "x" },
    }));
    await clock.runFor(20 * second);
    assert.deepEqual([leader.isLeader, said], [true, ["a leads"]]);
    assert.deepEqual([server.lease?.metadata["labels"], server.lease?.spec["strategy"]], [labels, "x"]);
  });

  it("renews visibly even if its wall clock is frozen", async () => {
    const frozen = {
      now: () => new Date(0),
      monotonicMs: () => clock.monotonicMs(),
      bootMs: () => clock.bootMs(),
    };
    const sleep = (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal);
    await start("a", { clock: { ...frozen, sleep } });
    await start("b");
    await clock.runFor(60 * second);
    assert.deepEqual([server.holder, said], ["a", ["a leads"]]);
  });

  it("recreates a deleted lease immediately", async () => {
    await start("a");
    await start("b");
    server.edit(() => undefined);
    await clock.runFor(2 * second);
    assert.deepEqual([server.holder, said], ["a", ["a leads"]]);
  });

  it("sends one request for each renewal", async () => {
    await start("a");
    const before = server.calls.length;
    await clock.runFor(20 * second);
    const methods = server.calls.slice(before).map(({ method }) => method);
    assert.deepEqual(new Set(methods), new Set(["PUT"]));
    assert.ok(methods.length <= 10, String(methods.length));
  });

  it("rejects timing under which two replicas could lead", () => {
    for (const timing of [
      { renewDeadlineMs: 15_000 },
      { retryMs: 10_000 },
      { retryMs: 0 },
      { leaseMs: Number.NaN },
    ]) {
      const deps = { client: server.client(), namespace: "n", identity: "a", onChange: () => {}, clock };
      assert.throws(() => new Leader({ ...deps, timing, logger: recordingLogger() }), RangeError);
    }
  });
});
