import assert from "node:assert/strict";
import { busy, idle, root } from "../commands/run-kasbah.fixture.ts";
import { FakeReplicas, podNamed } from "./fake-replicas.fixture.ts";

const names = ["kasbah-0", "kasbah-1", "kasbah-2"] as const;

describe("Operation on a CA in a cluster", () => {
  let replicas: FakeReplicas;

  beforeEach(async () => {
    replicas = await FakeReplicas.start();
    await replicas.list(...names);
    for (const name of names) await replicas.answers(name, idle);
  });
  afterEach(() => replicas.remove());

  const run = (...argv: string[]) => replicas.run(["-n", "mesh", ...argv]);

  it("runs an operation once, on the first replica that answers, in the operator's name", async () => {
    await replicas.list(podNamed("kasbah-0", { phase: "Pending" }), "kasbah-1", "kasbah-10", "kasbah-2");
    await replicas.fails("kasbah-1", "ADMIN_UNREACHABLE", "nothing answers");
    await replicas.answers("kasbah-2", busy);
    const { said, warned, error } = await run("authority", "rotate", "--root");
    assert.equal(error, undefined);
    assert.match(
      said,
      /^rotation of the root: root-1 to root-2\n[\s\S]*\nfollow the rotation with: kasbah authority status --namespace mesh\n$/,
    );
    assert.match(warned, /kasbah-1: nothing answers; using kasbah-2 instead\n/);
    const acts = (await replicas.execs()).map((call) => call.replace(/^.*--container=kasbah-server /, ""));
    assert.deepEqual(acts, [
      "kasbah-1 -- kasbah authority status --json",
      "kasbah-2 -- kasbah authority status --json",
      "kasbah-2 -- kasbah --operator=alice authority rotate --root --json",
    ]);
    await run("authority", "abort", "--if-epoch", "7", "--operator", "-bob", "--pod", "kasbah-2");
    const [last] = (await replicas.execs()).toReversed();
    assert.match(String(last), /kasbah-2 -- kasbah --operator=-bob authority abort --if-epoch=7 --json$/);
    await run("authority", "recall", "root-1", "--pod", "kasbah-2");
    assert.match(
      String((await replicas.execs()).at(-1)),
      /kasbah --operator=alice authority recall root-1 --json$/,
    );
  });

  it("moves the state through the first replica that answers, while the others wait for the Secret", async () => {
    await replicas.fails("kasbah-0", "ADMIN_UNREACHABLE", "no such socket");
    const moved = {
      from: "state directory /var/lib/kasbah/state",
      to: "Secret mesh/kasbah-ca",
      rootFingerprint: "ab",
    };
    await replicas.onExec(
      "kasbah-1",
      `case "$*" in *move*) echo '${JSON.stringify(moved)}' ;; *) echo '${JSON.stringify(idle)}' ;; esac`,
    );
    const { said, error } = await run("authority", "move", "--to-secret");
    assert.equal(error, undefined);
    assert.equal(said, `moved the CA from ${moved.from} to ${moved.to} (root SHA-256 ab)\n`);
    assert.match(
      String((await replicas.execs()).at(-1)),
      /kasbah-1 -- .* authority move --to-secret --json$/,
    );
  });

  it("asks every replica for a dry run of distrust, adds what each issued, and acts on one with --yes", async () => {
    const preview = {
      ...{ id: "root-1", kind: "root", removed: ["root-1"], signer: "", creates: "root", changesRoot: true },
      ...{ leaves: 2, identities: 1, pods: 1, holdersUnknown: "" },
      holders: [{ spiffeId: "spiffe://a", leaves: 2, pods: 1, serial: "0a", notAfter: root.notAfter }],
    };
    for (const name of names) await replicas.answers(name, preview);
    const { said, error } = await run("authority", "distrust", "root-1");
    assert.equal(error, undefined);
    assert.match(said, /6 unexpired certificates of 1 identity, now used by 3 workloads/);
    assert.match(said, /\nto do it: kasbah authority distrust root-1 --yes --namespace mesh\n$/);
    for (const name of names) await replicas.answers(name, idle);
    await run("authority", "distrust", "root-1", "--yes", "--pod", "kasbah-2");
    assert.match(
      String((await replicas.execs()).at(-1)),
      /kasbah-2 -- kasbah --operator=alice authority distrust root-1 --yes --json$/,
    );
  });

  it("follows a rotation to its end through any replica", async () => {
    const done = { ...idle, authorities: [{ ...root, id: "root-2" }] };
    await replicas.answers("kasbah-0", busy);
    for (const name of names.slice(1)) await replicas.answers(name, { ...done, epoch: 9 });
    const { said, error } = await run("authority", "rotate", "--root", "--wait");
    assert.equal(error, undefined);
    assert.match(said, /root-2 distributed, until .*\nrotation complete\n/);
  });
});
