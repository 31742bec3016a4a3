import assert from "node:assert/strict";
import { idle, root } from "../commands/run-kasbah.fixture.ts";
import { FakeReplicas, podNamed } from "./fake-replicas.fixture.ts";

const names = ["kasbah-0", "kasbah-1", "kasbah-2"] as const;
const referenceId = "9f2c51d07ab4";
const frontend = "spiffe://cluster.local/ns/demo/sa/frontend";

const decision = {
  referenceId,
  time: "2029-12-31T23:59:00.000Z",
  code: "TOKEN_AUDIENCE",
  peerAddress: "10.0.0.7:40000",
  caller: "",
  credential: "",
  pod: "",
  node: "",
  subject: "",
  rule: "",
  problem: "the token is for another audience",
  expected: "",
  seen: "",
  fix: "",
  causes: [],
  serial: "",
  ignored: [],
  disregarded: [],
};

const explanation = {
  spiffeId: frontend,
  rule: "demo",
  policyFile: "/etc/kasbah/policy/policy.yaml",
  allowed: true,
  defaultTtl: 3_600_000,
  maxTtl: 43_200_000,
  onExcess: "clamp",
  keyTypes: [],
  dnsNames: [],
  onForeignNames: "refuse",
  onSharedKey: "count",
  rate: "",
  reason: "",
  issuerRules: [],
};

describe("RemoteCa", () => {
  let replicas: FakeReplicas;

  beforeEach(async () => {
    replicas = await FakeReplicas.start();
    await replicas.list(...names);
    for (const name of names) await replicas.answers(name, idle);
  });
  afterEach(() => replicas.remove());

  const run = (...argv: string[]) => replicas.run(["-n", "mesh", ...argv]);
  const forgotten = (name: string) =>
    replicas.fails(name, "OPERATION_REFUSED", "no call with this reference is remembered");

  it("merges the answers of its replicas into the format of a local CA", async () => {
    const { said, warned, error } = await run("authority", "list");
    assert.equal(error, undefined);
    assert.equal(warned, "");
    assert.equal(
      said,
      "AUTHORITY  STAGE   SIGNS  KEY    EXPIRES                          SHA-256\n" +
        "root-1     active  yes    P-256  2040-01-01T00:00:00Z (in 3652d)  0123456789abcdef\n" +
        "! rotations only start manually (--root-rotation manual)\n",
    );
    const { said: json } = await run("authority", "list", "--json");
    assert.deepEqual(JSON.parse(json), JSON.parse(JSON.stringify(idle)));
  });

  it("queries each of its pods, with exactly the arguments in the table", async () => {
    await replicas.run([
      "authority",
      "list",
      "--all",
      "--namespace=mesh",
      "--context",
      "-prod",
      "--kubeconfig=k",
    ]);
    const exec = "--context=-prod --kubeconfig=k exec --namespace=mesh --container=kasbah-server";
    assert.deepEqual(
      (await replicas.execs()).toSorted(),
      names.map((name) => `${exec} ${name} -- kasbah authority status --json`),
    );
  });

  it("names replicas that report a different state, and prints it", async () => {
    await replicas.answers("kasbah-0", { ...idle, epoch: 3 });
    const other = { ...root, fingerprint: "ffff456789abcdef0123" };
    await replicas.answers("kasbah-2", { ...idle, epoch: 3, authorities: [other], warnings: ["of its own"] });
    const { said } = await run("authority", "status");
    assert.match(said, /^no rotation in progress \(epoch 4\)\n/);
    assert.match(said, /\n! kasbah-2: of its own\n/);
    assert.match(said, /\n\n! kasbah-0 reports a different state:\nno rotation in progress \(epoch 3\)\n/);
    const { said: list } = await run("authority", "list");
    assert.match(list, /! kasbah-2 reports a different state:\nAUTHORITY.*\nroot-1 .* ffff456789abcdef\n/);
    const { otherwise } = JSON.parse((await run("authority", "list", "--json")).said);
    assert.deepEqual(
      otherwise.map(({ replica, epoch }: { replica: string; epoch: number }) => [replica, epoch]),
      [
        ["kasbah-0", 3],
        ["kasbah-2", 3],
      ],
    );
  });

  it("reports the worst check result of its replicas", async () => {
    const ending = { ...root, notAfter: new Date("2030-01-03T00:00:00Z") };
    await replicas.answers("kasbah-1", { ...idle, epoch: 3, authorities: [ending] });
    const { said, exitCode } = await run("check");
    assert.equal(exitCode, 4);
    assert.match(said, /! kasbah-1 reports a different state/);
    await replicas.answers("kasbah-1", idle);
    assert.equal((await run("check")).exitCode, 0);
  });

  it("returns the record of a call from the replica that has it, without waiting for the others", async () => {
    await forgotten("kasbah-0");
    await replicas.answers("kasbah-1", decision);
    await replicas.onExec("kasbah-2", "exec sleep 20");
    const { said, warned } = await run("why", referenceId);
    assert.match(said, /^9f2c51d07ab4 {2}refused: TOKEN_AUDIENCE\n[\s\S]* {2}replica +kasbah-1\n/);
    assert.equal(warned, "");
    const { replica, code } = JSON.parse((await run("why", referenceId, "--json")).said);
    assert.deepEqual([replica, code], ["kasbah-1", "TOKEN_AUDIENCE"]);
  });

  it("reports how many replicas have no record of a call, and which ones did not answer", async () => {
    for (const name of names) await forgotten(name);
    const all = (await run("why", referenceId)).error;
    assert.equal(all?.code, "OPERATION_REFUSED");
    assert.match(
      String(all?.message),
      /^none of the 3 replicas that answered has a call [^.]*for the reference$/,
    );
    await replicas.fails("kasbah-2", "ADMIN_UNREACHABLE", "nothing answers");
    const two = String((await run("why", referenceId)).error?.message);
    assert.match(two, /^none of the 2 replicas .*did not answer and may have it: kasbah-2: nothing answers$/);
  });

  it("explains an identity once, and names replicas that decide differently", async () => {
    for (const name of names) await replicas.answers(name, explanation);
    assert.doesNotMatch((await run("why", frontend)).said, /otherwise/);
    await replicas.answers("kasbah-0", { ...explanation, rule: "default", allowed: false });
    const { said } = await run("why", frontend);
    assert.match(said, /^spiffe:.*gets certificates\n {2}rule +demo\n/);
    assert.match(
      said,
      /! kasbah-0 reports a different state:\nspiffe:.*gets no certificates\n {2}rule +default\n/,
    );
  });

  it("uses the replicas that answer, and names the others", async () => {
    const waiting = [
      { name: "kasbah-server", ready: false, state: { waiting: { reason: "CrashLoopBackOff" } } },
    ];
    await replicas.list(podNamed("kasbah-0", { containerStatuses: waiting }), "kasbah-1", "kasbah-2");
    await replicas.fails("kasbah-2", "ADMIN_UNREACHABLE", "no CA at /s: nothing answers");
    const { said, warned, error, exitCode } = await run("authority", "list", "--json");
    assert.deepEqual([error, exitCode], [undefined, 0]);
    assert.equal(JSON.parse(said).epoch, 4);
    assert.match(
      warned,
      /^kasbah: warning: .*kasbah-2: no CA at \/s: nothing answers; using the answers of the other replicas/m,
    );
    assert.match(warned, /^kasbah: warning: kasbah-0: the pod is Running \(CrashLoopBackOff\); using/m);
    assert.doesNotMatch((await replicas.execs()).join(), /kasbah-0/);
  });

  it("queries a single replica on request, and lists the replicas if it does not exist", async () => {
    await run("--pod", "kasbah-1", "authority", "status");
    assert.equal((await replicas.execs()).length, 1);
    const { error } = await run("--pod", "kasbah-7", "authority", "status");
    assert.equal(error?.code, "ADMIN_UNREACHABLE");
    assert.match(
      String(error?.message),
      /no such pod .* its pods are kasbah-0, kasbah-1, kasbah-2; select one of them with --pod/,
    );
  });

  it("does not merge the answers of two CAs in one namespace, but of the one with the name that is given", async () => {
    await replicas.list(...names, "mesh-ca-0", "mesh-ca-1");
    for (const name of ["mesh-ca-0", "mesh-ca-1"]) await replicas.answers(name, idle);
    const { error } = await run("authority", "status");
    assert.equal(error?.code, "ADMIN_UNREACHABLE");
    assert.match(
      String(error?.message),
      /^several CAs in namespace mesh: kasbah, mesh-ca; select one of them with --installation$/,
    );
    assert.deepEqual(await replicas.execs(), []);
    assert.equal((await run("--installation", "mesh-ca", "authority", "status")).error, undefined);
    const asked = (await replicas.execs()).map((call) => / (\S+-\d) /.exec(call)?.[1]);
    assert.deepEqual(asked.toSorted(), ["mesh-ca-0", "mesh-ca-1"]);
    assert.equal((await run("--pod", "kasbah-1", "authority", "status")).error, undefined);
  });
});
