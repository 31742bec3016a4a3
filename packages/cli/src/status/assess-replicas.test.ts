import assert from "node:assert/strict";
import type { OverviewMessage } from "@kasbah/protocol";
import {
  authority,
  cluster,
  codesOf,
  findingOf,
  judge,
  lately,
  minutes,
  sound,
  well,
} from "./facts.fixture.ts";

import type { ReplicaFacts } from "./status-facts.ts";

const leader: OverviewMessage = { ...well, role: "leader" };
const follower: OverviewMessage = { ...well, role: "follower" };
const down = { overview: undefined as never, authorities: undefined as never, failure: "the pod is Pending" };
const trio = (third: Partial<ReplicaFacts>) => cluster({ overview: leader }, { overview: follower }, third);

describe("The status of a CA with replicas", () => {
  it("is ok for three replicas that are well, and adds up what they did", () => {
    const facts = trio({ overview: follower });
    assert.deepEqual(codesOf(facts), []);
    assert.equal(judge(facts).activity?.lastTenMinutes, 12);
  });

  it("is critical if they sign under different roots, and names them", () => {
    const other = { ...sound, authorities: [authority({ fingerprint: "ffff456789abcdef9999" })] };
    const facts = trio({ overview: follower, authorities: other });
    assert.deepEqual(codesOf(facts), ["critical ROOTS_DIFFER"]);
    assert.match(
      findingOf(facts, "ROOTS_DIFFER").what,
      /kasbah-0, kasbah-1: SHA-256 0123456789abcdef; kasbah-2: SHA-256 ffff456789abcdef/,
    );
  });

  it("is critical only if no replica is left that issues", () => {
    assert.deepEqual(codesOf(trio(down)), ["warning REPLICA_DOWN"]);
    assert.match(
      findingOf(trio(down), "REPLICA_DOWN").fix,
      /^kubectl --namespace mesh describe pod kasbah-2,/,
    );
    assert.deepEqual(codesOf(cluster(down, down)), ["critical CA_DOWN"]);
    assert.match(
      findingOf(cluster(down, down), "CA_DOWN").what,
      /^none of 2 replicas answers: the pod is Pending$/,
    );
    assert.deepEqual(codesOf(cluster(down)), ["critical CA_DOWN"]);
  });

  it("shows at which replica a disk is full, as a warning while others issue", () => {
    const ledger = { ...well.ledger, writable: false, failure: "x (ENOSPC)" };
    const full = { overview: { ...follower, ready: false, reasons: ["ledger: x"], ledger } };
    const { level, replicas } = findingOf(trio(full), "DISK_FULL");
    assert.deepEqual([level, replicas], ["warning", ["kasbah-2"]]);
    assert.deepEqual(codesOf(cluster(full, full)), ["warning NO_LEADER", "critical DISK_FULL"].toReversed());
  });

  it("warns without a leader, with two of them, and of states that differ", () => {
    assert.deepEqual(codesOf(cluster({ overview: follower }, { overview: follower })), ["warning NO_LEADER"]);
    assert.deepEqual(codesOf(cluster({ overview: leader }, { overview: leader })), [
      "warning SEVERAL_LEADERS",
    ]);
    const behind = { overview: follower, authorities: { ...sound, epoch: 3 } };
    assert.deepEqual(codesOf(trio(behind)), ["warning STATES_DIFFER"]);
  });

  it("compares the clocks of the replicas, and that of this machine", () => {
    const ahead = { overview: { ...follower, now: minutes(3) } };
    assert.match(findingOf(trio(ahead), "CLOCKS_DIFFER").what, /^kasbah-2 is 3m ahead of kasbah-0$/);
    const all = { ...well, now: minutes(60) };
    const { level, what } = findingOf(cluster({ overview: all }), "OWN_CLOCK_DIFFERS");
    assert.deepEqual([level, what.split(",")[0]], ["ok", "the clock of this machine is 1h behind the CA's"]);
  });

  it("says what an earlier release or a missing permission hides, and shows the rest", () => {
    const old = { overview: undefined as never, missing: ["the CA has an earlier release"] };
    const facts = trio(old);
    assert.deepEqual(codesOf(facts), ["warning STATUS_INCOMPLETE"]);
    assert.deepEqual(judge(facts).missing, ["kasbah-2: the CA has an earlier release"]);
    assert.equal(judge(facts).activity?.lastTenMinutes, 8);
    const unready = { ...old, isPodReady: false, missing: ["exec is forbidden"] };
    assert.deepEqual(codesOf(cluster(unready)), ["critical CA_NOT_READY", "warning STATUS_INCOMPLETE"]);
  });

  it("mentions different releases, and adds up the activity of replicas that answer at different moments", () => {
    const activity = { ...well.activity, endsAt: minutes(2), issued: lately(7, 0) };
    const newer = { overview: { ...follower, version: "1.3.0", activity } };
    const facts = trio(newer);
    assert.deepEqual(codesOf(facts), ["ok RELEASES_DIFFER"]);
    assert.deepEqual(judge(facts).activity?.issued.slice(-2), [15, 0]);
  });
});
