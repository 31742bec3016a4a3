import assert from "node:assert/strict";
import { FakeReplicas } from "../fake-replicas.fixture.ts";

const names = ["kasbah-0", "kasbah-1", "kasbah-2"] as const;
const frontend = "spiffe://cluster.local/ns/demo/sa/frontend";
const hash = "ab".repeat(32);

interface Made {
  readonly time?: string;
  readonly serial?: string;
  readonly spiffeId?: string;
  readonly pod?: string;
}

/** A record as the command in a pod prints it. */
function record({
  time = "2029-12-31T22:00:00.000Z",
  serial = "01",
  spiffeId = frontend,
  pod = "a",
}: Made = {}) {
  const caller = { spiffeId, kind: "kubernetes-token", pod: { name: `pod-${pod}`, uid: pod } };
  const entry = {
    ...{ v: 2, kind: "issued", time, referenceId: "9f2c51d07ab4", spiffeId, serial, fingerprint: hash },
    ...{ spkiHash: hash, notBefore: time, notAfter: "2030-01-01T06:00:00.000Z", authority: hash },
    ...{ rule: "default", caller, peerAddress: "10.0.0.7:40000" },
  };
  return { slot: "0", index: 7, authorityId: "intermediate-1", entry };
}
const who = (...certificates: readonly object[]) => ({ certificates, more: false, onRecord: null });
const noCertificates = (onRecord: object | null = null) => ({ certificates: [], more: false, onRecord });

describe("remoteAudit", () => {
  let replicas: FakeReplicas;

  beforeEach(async () => {
    replicas = await FakeReplicas.start();
    await replicas.list(...names);
  });
  afterEach(() => replicas.remove());

  const run = (...argv: string[]) => replicas.run(["-n", "mesh", ...argv]);
  async function answer(...answers: readonly object[]): Promise<void> {
    for (const [at, one] of answers.entries()) await replicas.answers(names[at] ?? "", one);
  }
  /** Prints an empty result and exits with 1, as the command does when it finds nothing. */
  const says = (pod: string, value: object) =>
    replicas.onExec(pod, `cat <<'END'\n${JSON.stringify(value)}\nEND\nexit 1`);

  it("rejects invalid records", async () => {
    const bad = record();
    const broken = {
      "an entry of another kind": { ...bad, entry: { ...bad.entry, kind: "refused" } },
      "an entry of a later version": { ...bad, entry: { ...bad.entry, v: 3 } },
      "an entry with an additional field": { ...bad, entry: { ...bad.entry, key: "x" } },
      "no entry": { ...bad, entry: undefined },
      "a negative index": { ...bad, index: -1 },
    };
    for (const [what, one] of Object.entries(broken)) {
      await answer(who(one), who(one), who(one));
      const { error } = await run("audit", "who", frontend);
      assert.equal(error?.code, "TARGET_REPLY_INVALID", what);
    }
  });

  it("merges the answers, newest first, and names the replica of each record", async () => {
    const newest = record({ serial: "03", time: "2029-12-31T23:00:00.000Z" });
    await answer(who(record({ serial: "01" })), who(newest), who());
    const { said, exitCode, warned } = await run("audit", "who", frontend, "--json");
    const { certificates } = JSON.parse(said);
    assert.deepEqual(
      certificates.map((one: { slot: string; entry: { serial: string } }) => [one.slot, one.entry.serial]),
      [
        ["kasbah-1", "03"],
        ["kasbah-0", "01"],
      ],
    );
    assert.deepEqual([exitCode ?? 0, warned], [0, ""]);
    assert.match((await run("audit", "who", frontend)).said, /entry +7 of kasbah-1/);
  });

  it("queries the given instant, and cuts the merged answer to the limit", async () => {
    await answer(...names.map(() => who(record({ serial: "01" }), record({ serial: "02" }))));
    const { said } = await run("audit", "who", frontend, "--at", "-2h", "--limit", "3", "--json");
    const { certificates, more, at } = JSON.parse(said);
    assert.deepEqual([certificates.length, more, at], [3, true, "2029-12-31T22:00:00.000Z"]);
    for (const call of await replicas.execs())
      assert.match(call, /audit who spiffe:\S+ --at=2029-12-31T22:00:00\.000Z --limit=3 --json$/);
  });

  it("reports that an identity had no certificate, with the first and the last one of all ledgers", async () => {
    const [first, last] = [
      record({ time: "2029-12-01T00:00:00.000Z" }),
      record({ time: "2029-12-30T00:00:00.000Z" }),
    ];
    await says("kasbah-0", noCertificates());
    await says("kasbah-1", noCertificates({ first, last: first }));
    await says("kasbah-2", noCertificates({ first: last, last }));
    const { said, exitCode } = await run("audit", "who", frontend, "--at", "-1h", "--json");
    assert.equal(exitCode, 1);
    const { onRecord } = JSON.parse(said);
    assert.deepEqual(
      [onRecord.first.entry.time, onRecord.last.entry.time],
      [first.entry.time, last.entry.time],
    );
  });

  it("warns that the answer is incomplete if a replica does not answer", async () => {
    await answer(who(record()), who());
    await replicas.fails("kasbah-2", "LEDGER_DAMAGED", "it is broken");
    const { said, warned } = await run("audit", "who", frontend, "--json");
    assert.equal(JSON.parse(said).certificates.length, 1);
    assert.match(warned, /kasbah-2: it is broken/);
  });

  it("finds a certificate by fingerprint or serial, and reports if no ledger contains it", async () => {
    const script = (found: object, same: object) =>
      `case "$3" in ${hash}) cat <<'END'\n${JSON.stringify(found)}\nEND\nexit 1 ;; *) cat <<'END'\n${JSON.stringify(same)}\nEND\nesac`;
    const nothing = { certificates: [], sameSerial: [] };
    for (const name of names) await replicas.onExec(name, script(nothing, nothing));
    const { exitCode } = await run("audit", "cert", hash);
    assert.equal(exitCode, 1);
    await answer({ ...nothing, certificates: [record()] }, nothing, nothing);
    assert.match((await run("audit", "cert", "01")).said, /sa\/frontend\n/);
  });

  it("shows only the current certificate of a pod, no matter which replica issued it", async () => {
    const older = record({ serial: "01" });
    const newer = record({ serial: "02", time: "2029-12-31T23:00:00.000Z" });
    const other = record({ serial: "03", pod: "b" });
    await answer({ identities: [older, other] }, { identities: [newer] }, { identities: [] });
    const { identities } = JSON.parse((await run("identities", "--json")).said);
    assert.deepEqual(
      identities.map((one: { entry: { serial: string } }) => one.entry.serial),
      ["02", "03"],
    );
    assert.match((await run("identities", "--in", "nowhere")).said, /^0 identities with a valid certificate/);
  });

  it("returns the newest entries of all replicas ordered by time, and refuses to follow them", async () => {
    const at = (second: number) => record({ time: `2029-12-31T23:00:0${second}.000Z`, serial: `0${second}` });
    await answer([at(1), at(4)], [at(2)], [at(3)]);
    const { said } = await run("audit", "tail", "--lines", "3", "--json");
    const serials = said
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).entry.serial);
    assert.deepEqual(serials, ["02", "03", "04"]);
    assert.equal((await run("audit", "tail", "-f")).error?.code, "CONFIG_INVALID");
  });

  it("rejects a location that names both a cluster and this machine", async () => {
    assert.equal((await run("identities", "--state-dir", "/ca")).error?.code, "CONFIG_INVALID");
  });
});
