import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import type { OverviewMessage } from "@kasbah/protocol";
import { sampleOverview } from "../commands/status/sample-overview.fixture.ts";
import { FakeReplicas } from "./fake-replicas.fixture.ts";
import { RemoteCa } from "./remote-ca.ts";

const names = ["kasbah-0", "kasbah-1", "kasbah-2"] as const;
const spiffeId = "spiffe://cluster.local/ns/demo/sa/frontend";
const late = { spiffeId, serial: "0a", notBefore: new Date(0), notAfter: new Date("2030-01-01T01:00:00Z") };

describe("The overview of a CA in a cluster", () => {
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
    const ca = new RemoteCa({ namespace: "mesh" }, {
      operator: "a",
      env,
      signal,
      stderr: { write },
    } as never);
    return { ...(await ca.overview()), warned };
  }

  it("has the code of an outdated CA if no replica can answer", async () => {
    for (const name of names)
      await replicas.onExec(name, "echo \"error: unknown command 'overview'\" >&2; exit 2");
    await assert.rejects(ask(), { code: "ADMIN_OUTDATED" });
  });

  it("names a replica with an earlier CA or image, one that is silent and one that lies, and uses the other", async () => {
    await replicas.list(...names, "kasbah-3", "kasbah-4");
    await replicas.onExec("kasbah-0", "echo \"error: unknown command 'overview'\" >&2; exit 2");
    await replicas.fails("kasbah-1", "ADMIN_OUTDATED", "the CA does not know this operation");
    await replicas.fails("kasbah-2", "ADMIN_UNREACHABLE", "nothing answers");
    await replicas.answers("kasbah-3", {
      ...sampleOverview,
      activity: { ...sampleOverview.activity, issued: [1] },
    });
    await replicas.answers("kasbah-4", sampleOverview);
    const { given, missing, warned } = await ask();
    assert.deepEqual(
      missing.map(({ replica, error }) => [replica, error.code]),
      [
        ["kasbah-0", "ADMIN_OUTDATED"],
        ["kasbah-1", "ADMIN_OUTDATED"],
        ["kasbah-2", "ADMIN_UNREACHABLE"],
        ["kasbah-3", "TARGET_REPLY_INVALID"],
      ],
    );
    assert.deepEqual(given, [{ replica: "kasbah-4", overview: sampleOverview }]);
    assert.equal(warned, "", "the answer names them");
  });

  it("returns the answer of each replica, and reports no identity as late that has renewed at another", async () => {
    const hash = Buffer.alloc(4);
    hash.writeUInt32BE(crc32(spiffeId));
    const identities: OverviewMessage["identities"][] = [
      { live: 1, late: 1, soonest: [late], partial: false },
      { live: 1, late: 0, soonest: [], partial: false, fresh: hash.toString("base64") },
      { live: 0, late: 0, soonest: [], partial: false },
    ];
    for (const [at, replica] of names.entries())
      await replicas.answers(replica, { ...sampleOverview, replica, identities: identities[at] });
    const { given, identities: merged } = await ask();
    assert.deepEqual(
      given.map(({ replica, overview }) => [replica, overview.replica, overview.identities.late]),
      [
        ["kasbah-0", "kasbah-0", 1],
        ["kasbah-1", "kasbah-1", 0],
        ["kasbah-2", "kasbah-2", 0],
      ],
    );
    assert.deepEqual(merged, { live: 1, late: 0, soonest: [], partial: false });
    assert.match((await replicas.execs())[0] ?? "", /-- kasbah overview --for-merging --json$/);
  });
});
