import assert from "node:assert/strict";
import { FakeReplicas, podNamed } from "../../cluster/fake-replicas.fixture.ts";
import { lately, sound, well } from "../../status/facts.fixture.ts";
import type { StatusReport } from "../../status/report.ts";

const overview = (role: "leader" | "follower") => ({ ...well, role });

describe("kasbah status -n", () => {
  let replicas: FakeReplicas;

  beforeEach(async () => {
    replicas = await FakeReplicas.start();
    await replicas.list("kasbah-0", "kasbah-1", "kasbah-2");
    await answers("kasbah-0", overview("leader"));
    for (const pod of ["kasbah-1", "kasbah-2"]) await answers(pod, overview("follower"));
  });
  afterEach(() => replicas.remove());

  /** Makes a pod answer to `kasbah overview` and to `kasbah authority status`. */
  async function answers(pod: string, own: object, status: object = sound): Promise<void> {
    const print = (value: object) => `printf '%s' '${JSON.stringify(value).replaceAll("'", "")}'`;
    await replicas.onExec(
      pod,
      `case "$1" in overview) ${print(own)} ;; authority) ${print(status)} ;; *) exit 2 ;; esac`,
    );
  }

  const run = (...argv: readonly string[]) => replicas.run(["-n", "mesh", "status", ...argv]);
  const report = async () => JSON.parse((await run("--json")).said) as StatusReport;

  it("cannot determine anything if there is no CA, or no cluster", async () => {
    await replicas.list();
    assert.equal((await run()).error?.code, "ADMIN_UNREACHABLE");
    await replicas.onGet("echo 'Unable to connect to the server' >&2; exit 1");
    assert.notEqual((await run()).error, undefined);
  });

  it("treats a replica that sends garbage, or megabytes, as one that does not answer", async () => {
    await replicas.onExec("kasbah-1", "echo '{\"overview\":1}'");
    await replicas.onExec("kasbah-2", "yes '\u001b[31m' | head -c 30000000");
    const { level, replicas: seen, findings } = await report();
    assert.deepEqual(
      seen.map(({ role }) => role),
      ["leader", "unreachable", "unreachable"],
    );
    assert.deepEqual(
      findings.map(({ code }) => code),
      ["REPLICA_DOWN", "REPLICA_DOWN"],
    );
    assert.equal(level, "warning");
  });

  it("is ok with three replicas, and shows which one leads, on one screen", async () => {
    const { said, exitCode } = await run();
    assert.equal(exitCode, 0, said);
    assert.match(said, /^ca {10}3 of 3 replicas ready$/m);
    assert.match(said, /^kasbah-0 {4}ready, leader, /m);
    assert.ok(
      said.trimEnd().split("\n").length <= 24 && said.split("\n").every((line) => line.length <= 80),
      said,
    );
  });

  it("keeps long names of pods apart from their values", async () => {
    await replicas.list("kasbah-of-the-second-mesh-0");
    await answers("kasbah-of-the-second-mesh-0", well);
    const { said } = await run();
    assert.match(said, /^kasbah-of-the-second-mesh-0 {2}ready, /m);
    assert.ok(
      said.split("\n").every((line) => line.length <= 80),
      said,
    );
  });

  it("is critical, with the reasons, if no pod runs", async () => {
    const pending = { phase: "Pending", containerStatuses: [] };
    await replicas.list(podNamed("kasbah-0", pending), podNamed("kasbah-1", pending));
    const { said, exitCode } = await run();
    assert.equal(exitCode, 4);
    assert.match(said, /^CRITICAL {2}CA_DOWN\n {2}what none of 2 replicas answers: the pod is Pending$/m);
    assert.match(
      said.replaceAll(/\n {7}/g, " "),
      /kubectl --namespace mesh logs kasbah-0 -c kasbah-server --previous/,
    );
  });

  it("uses what a replica of an earlier release reports, and says what is missing", async () => {
    await replicas.onExec(
      "kasbah-2",
      `case "$1" in authority) printf '%s' '${JSON.stringify(sound)}' ;; *) echo "error: unknown command" >&2; exit 2 ;; esac`,
    );
    const { findings, replicas: seen } = await report();
    assert.deepEqual(
      findings.map(({ code }) => code),
      ["STATUS_INCOMPLETE"],
    );
    assert.equal(seen[2]?.role, "unknown");
    assert.equal(seen[2]?.ready, true);
  });

  it("reads who was refused only if someone was, and names the replica", async () => {
    await run();
    assert.ok((await replicas.execs()).every((call) => !call.includes("refusals")));
    const refused = [{ code: "TOKEN_AUDIENCE", counts: lately(2) }];
    await answers("kasbah-1", { ...overview("follower"), activity: { ...well.activity, refused } });
    const { findings } = await report();
    assert.ok(
      (await replicas.execs()).some((call) => call.includes("refusals --since=2029-12-31T23:50:00.000Z")),
    );
    assert.deepEqual(
      findings.map(({ code }) => code),
      ["TOKEN_AUDIENCE", "STATUS_INCOMPLETE"],
    );
  });
});
