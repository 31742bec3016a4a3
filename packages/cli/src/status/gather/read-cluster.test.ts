import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import type { OverviewMessage } from "@kasbah/protocol";
import { mergeIdentityTotals } from "../../authority/merge-identity-totals.ts";
import { FakeReplicas } from "../../cluster/fake-replicas.fixture.ts";
import { sampleOverview } from "../../commands/status/sample-overview.fixture.ts";
import { readCluster } from "./read-cluster.ts";
import { outdated } from "./read-machine.ts";

const names = ["kasbah-0", "kasbah-1", "kasbah-2"] as const;
const spiffeId = "spiffe://cluster.local/ns/demo/sa/frontend";
const late = { spiffeId, serial: "0a", notBefore: new Date(0), notAfter: new Date("2030-01-01T01:00:00Z") };

describe("The facts about a CA in a cluster", () => {
  let replicas: FakeReplicas;

  beforeEach(async () => {
    replicas = await FakeReplicas.start();
    await replicas.list(...names);
    for (const replica of names) await replicas.answers(replica, { ...sampleOverview, replica });
  });
  afterEach(() => replicas.remove());

  async function ask() {
    const signal = AbortSignal.timeout(30_000);
    let warned = "";
    const write = (text: string) => {
      warned += text;
      return true;
    };
    const env = { PATH: `${replicas.path()}:/usr/bin:/bin` };
    const facts = await readCluster({ namespace: "mesh" }, { env, signal, stderr: { write } } as never);
    return { facts, warned };
  }

  it("say so if every replica has an earlier release", async () => {
    for (const name of names)
      await replicas.onExec(name, "echo \"error: unknown command 'overview'\" >&2; exit 2");
    const { facts } = await ask();
    assert.deepEqual(
      facts.map(({ overview, missing }) => [overview, missing]),
      names.map(() => [undefined, [outdated]]),
    );
  });

  it("name a replica with an earlier CA or image, one that is silent and one that lies, and use the other", async () => {
    await replicas.list(...names, "kasbah-3", "kasbah-4");
    await replicas.onExec("kasbah-0", "echo \"error: unknown command 'overview'\" >&2; exit 2");
    await replicas.fails("kasbah-1", "ADMIN_OUTDATED", "the CA does not know this operation");
    await replicas.fails("kasbah-2", "ADMIN_UNREACHABLE", "nothing answers");
    await replicas.answers("kasbah-3", {
      ...sampleOverview,
      activity: { ...sampleOverview.activity, issued: [1] },
    });
    await replicas.answers("kasbah-4", sampleOverview);
    const { facts, warned } = await ask();
    const [first, second, silent, lying, other] = facts;
    for (const replica of [first, second]) assert.deepEqual(replica?.missing, [outdated]);
    assert.match(String(silent?.failure), /nothing answers/);
    assert.match(String(lying?.failure), /activity/);
    assert.deepEqual(other?.overview, sampleOverview);
    assert.equal(facts.filter(({ overview }) => overview !== undefined).length, 1);
    assert.equal(warned, "", "the answer names them");
  });

  it("contain the answer of each replica, from which no identity is late that has renewed at another", async () => {
    const hash = Buffer.alloc(4);
    hash.writeUInt32BE(crc32(spiffeId));
    const identities: OverviewMessage["identities"][] = [
      { live: 1, late: 1, soonest: [late], partial: false },
      { live: 1, late: 0, soonest: [], partial: false, fresh: hash.toString("base64") },
      { live: 0, late: 0, soonest: [], partial: false },
    ];
    for (const [at, replica] of names.entries())
      await replicas.answers(replica, { ...sampleOverview, replica, identities: identities[at] });
    const { facts } = await ask();
    assert.deepEqual(
      facts.map(({ replica, overview }) => [replica, overview?.replica, overview?.identities.late]),
      [
        ["kasbah-0", "kasbah-0", 1],
        ["kasbah-1", "kasbah-1", 0],
        ["kasbah-2", "kasbah-2", 0],
      ],
    );
    const merged = mergeIdentityTotals(facts.flatMap(({ overview }) => overview?.identities ?? []));
    assert.deepEqual(merged, { live: 1, late: 0, soonest: [], partial: false });
    assert.match((await replicas.execs()).join("\n"), /-- kasbah overview --for-merging --json$/m);
  });
});
