import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import { recordingLogger, untilSeen } from "@kasbah/testkit";
import { Leader } from "../../packages/ca-server/src/kubernetes/leader/leader.ts";
import { bareConfig } from "../../packages/ca-server/src/kubernetes/rbac/rbac-config.fixture.ts";
import { neededPermissions } from "../../packages/ca-server/src/kubernetes/rbac/rbac-rules.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import type { ControlPlane } from "./control-plane.ts";
import { sharedControlPlane } from "./hooks.ts";
import { CandidateProcess, reigns } from "./leader/candidate-process.ts";
import { createLeastAccount, type LeastAccount } from "./leader/least-account.ts";

interface Lease {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

const timing = { leaseMs: 3_000, renewDeadlineMs: 2_000, retryMs: 300 };
/** Slack for processes that compete for CPU on a busy machine. */
const slackMs = 2_000;
const leases = neededPermissions({ ...bareConfig, stateSecret: "kasbah-state" }).filter(
  ({ rule }) => rule.resource === "leases",
);

describe("Leader election in a real cluster", function () {
  this.timeout(suiteTimeoutMs);
  let controlPlane: ControlPlane;
  let account: LeastAccount;
  let path: string;
  let candidates: CandidateProcess[];
  let leaders: Leader[];

  before(() => {
    controlPlane = sharedControlPlane();
  });

  beforeEach(async () => {
    account = await createLeastAccount(controlPlane);
    await account.allow(leases);
    path = `/apis/coordination.k8s.io/v1/namespaces/${account.namespace}/leases/kasbah-leader`;
    [candidates, leaders] = [[], []];
  });

  afterEach(async () => {
    await Promise.all(candidates.map((candidate) => candidate.end("SIGKILL")));
    await Promise.all(leaders.map((leader) => leader.stop()));
    await account.remove();
  });

  const leaseNow = async () => (await controlPlane.adminRequest<Lease>("GET", path)).body;

  async function start(identity: string, clock = systemClock): Promise<Leader> {
    const { client, namespace } = account;
    const onChange = () => {};
    const logger = recordingLogger();
    const leader = new Leader({ client, namespace, identity, timing, onChange, clock, logger });
    leaders.push(leader);
    await leader.start();
    return leader;
  }

  function spawnCandidates(count: number): void {
    const { tokenFile, namespace } = account;
    const common = {
      server: controlPlane.url.href,
      caFile: controlPlane.caFile,
      tokenFile,
      namespace,
      timing,
    };
    for (let n = 0; n < count; n++)
      candidates.push(new CandidateProcess({ ...common, identity: `replica-${n}` }));
  }

  const leading = (but?: CandidateProcess) =>
    untilSeen("leader", 20_000, async () =>
      candidates.find((candidate) => candidate !== but && candidate.isLeader),
    );

  function assertNeverTwo(): void {
    for (const [at, reign] of reigns(candidates).entries()) {
      const before = reigns(candidates)[at - 1];
      assert.ok(before === undefined || before.toMs < reign.fromMs, JSON.stringify([before, reign]));
    }
  }

  it("elects exactly one of several candidates that start together, with only the documented rights", async () => {
    const all = await Promise.all(["a", "b", "c", "d", "e"].map((identity) => start(identity)));
    const first = await untilSeen("leader", 10_000, async () => all.find(({ isLeader }) => isLeader));
    await systemClock.sleep(2_000);
    assert.deepEqual(
      all.filter(({ isLeader }) => isLeader),
      [first],
    );
    const { spec } = await leaseNow();
    assert.equal(spec["holderIdentity"], first.holder);
    assert.deepEqual([spec["leaseDurationSeconds"], spec["leaseTransitions"] ?? 0], [3, 0]);
    assert.match(String(spec["acquireTime"]), /\.\d{6}Z$/);
    assert.notEqual(spec["renewTime"], spec["acquireTime"]);
  });

  it("releases the lease when the leader stops, and another candidate leads at its next retry", async () => {
    const first = await start("first");
    await untilSeen("leader", 10_000, async () => first.isLeader || undefined);
    const next = await start("next");
    await systemClock.sleep(500);
    const stopping = first.stop();
    assert.equal(first.isLeader, false);
    await stopping;
    const stoppedAtMs = systemClock.monotonicMs();
    await untilSeen("next leader", 10_000, async () => next.isLeader || undefined);
    assert.ok(systemClock.monotonicMs() - stoppedAtMs < 2_000);
    assert.equal((await leaseNow()).spec["leaseTransitions"], 1);
  });

  it("renews the lease visibly even if the leader's clock is frozen, although the API server ignores a write that changes nothing", async () => {
    const frozen = { ...systemClock, now: () => new Date("2030-01-01T00:00:00Z") };
    const leader = await start("frozen", frozen);
    await untilSeen("leader", 10_000, async () => leader.isLeader || undefined);
    const versions = new Set<string>();
    await untilSeen("three versions", 10_000, async () => {
      versions.add((await leaseNow()).metadata.resourceVersion);
      return versions.size >= 3 || undefined;
    });
    assert.equal(leader.isLeader, true);
  });

  it("reports the missing right, and leads once it is granted", async () => {
    await account.allow(leases.filter(({ verb }) => verb !== "create"));
    const leader = await start("poor");
    await untilSeen("warning", 10_000, async () => leader.warnings()[0]);
    assert.match(
      leader.warnings().join(),
      /403; allow the CA's service account to create leases.*kasbah-leader/,
    );
    await account.allow(leases);
    await untilSeen("leader", 10_000, async () => leader.isLeader || undefined);
    assert.deepEqual(leader.warnings(), []);
  });

  it("elects another process within one lease and one retry when the leader is killed, and never has two leaders", async () => {
    spawnCandidates(3);
    const killed = await leading();
    const killedAtMs = Number(process.hrtime.bigint() / 1_000_000n);
    await killed.end("SIGKILL");
    const next = await leading(killed);
    const [reign] = reigns([next]);
    const tookMs = (reign?.fromMs ?? 0) - killedAtMs;
    process.stdout.write(`      another process led ${tookMs} ms after the kill\n`);
    assert.ok(tookMs < timing.leaseMs + timing.retryMs + slackMs, `${tookMs} ms`);
    assertNeverTwo();
  });

  it("stops a leader that was suspended longer than its lease from leading when it resumes", async () => {
    spawnCandidates(3);
    const stopped = await leading();
    stopped.signal("SIGSTOP");
    const next = await leading(stopped);
    await systemClock.sleep(1_000);
    const samplesBefore = stopped.samples.length;
    stopped.signal("SIGCONT");
    await untilSeen("samples", 10_000, async () => stopped.samples.length > samplesBefore + 200 || undefined);
    const after = stopped.samples.slice(samplesBefore);
    assert.ok(after.every(([, isLeader]) => !isLeader));
    assert.equal(next.isLeader, true);
    assertNeverTwo();
  });

  it("hands over on SIGTERM without waiting for the lease to expire", async () => {
    spawnCandidates(2);
    const first = await leading();
    await systemClock.sleep(1_000);
    await first.end("SIGTERM");
    const next = await leading(first);
    const [former, reign] = [reigns([first]).at(-1), reigns([next])[0]];
    assert.ok(
      former && reign && reign.fromMs - former.toMs < timing.leaseMs,
      JSON.stringify([former, reign]),
    );
    assertNeverTwo();
  });
});
