import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { eventually } from "@kasbah/testkit";
import { idle } from "../commands/run-kasbah.fixture.ts";
import { CliError } from "../errors.ts";
import { kubectlRunner } from "../kubectl/kubectl.ts";
import { FakeReplicas, podNamed } from "./fake-replicas.fixture.ts";

const forbidden = (what: string) =>
  `echo 'Error from server (Forbidden): ${what} is forbidden: User "ann" cannot do that' >&2; exit 70`;

describe("Failures between kasbah and a CA in a cluster", () => {
  let replicas: FakeReplicas;

  beforeEach(async () => {
    replicas = await FakeReplicas.start();
    await replicas.list("kasbah-0");
    await replicas.answers("kasbah-0", idle);
  });
  afterEach(() => replicas.remove());

  const run = (...argv: string[]) => replicas.run(["-n", "mesh", ...argv]);
  const list = () => run("authority", "list");

  it("stops a hanging kubectl at the deadline, even if it ignores signals", async () => {
    await replicas.onGet("trap '' TERM INT HUP; while :; do sleep 1; done");
    const deps = { env: { PATH: `${replicas.path()}:/usr/bin:/bin` }, signal: new AbortController().signal };
    const kubectl = kubectlRunner({}, deps);
    const { end } = await kubectl(["get", "pods"], { deadlineMs: 300 });
    assert.equal(end, "late");
  });

  it("stops kubectl on Ctrl-C", async () => {
    const pidFile = replicas.path("pid");
    await replicas.onGet(`echo $$ > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; exec sleep 300`);
    const interrupted = new AbortController();
    const outcome = replicas.run(["-n", "mesh", "check"], { signal: interrupted.signal });
    await eventually(() => existsSync(pidFile));
    interrupted.abort(new CliError("INTERRUPTED", "interrupted before the end"));
    assert.equal((await outcome).error?.code, "INTERRUPTED");
    const pid = Number(await readFile(pidFile, "utf8"));
    await eventually(() => !isAlive(pid));
  });

  it("names the RBAC permissions that the operator is missing", async () => {
    await replicas.list("kasbah-0", "kasbah-1");
    for (const name of ["kasbah-0", "kasbah-1"]) await replicas.onExec(name, forbidden(`pods "${name}"`));
    const exec = (await list()).error;
    assert.equal(exec?.code, "ADMIN_FORBIDDEN");
    assert.match(
      String(exec?.message),
      /^none of 2 replicas answered; kasbah-0: .* pods "kasbah-0" is forbidden/,
    );
    assert.doesNotMatch(String(exec?.message), /kasbah-1/);
    await replicas.onGet(forbidden("pods"));
    const get = (await list()).error;
    assert.equal(get?.code, "ADMIN_FORBIDDEN");
    assert.match(String(get?.message), /User "ann".*; the operator needs .* create on pods\/exec/);
  });

  it("reports a missing kubectl, and passes on what kubectl says about a context", async () => {
    await replicas.onGet("echo 'error: context \"x\" does not exist' >&2; exit 1");
    assert.match(String((await list()).error?.message), /^kubectl failed: error: context "x" does not exist/);
    const { error } = await replicas.run(["-n", "mesh", "check"], { env: { PATH: replicas.path("pods") } });
    assert.equal(error?.code, "PROCESS_FAILED");
    assert.match(String(error?.message), /kubectl not found/);
  });

  it("names the labels that it searched for if a namespace has no CA", async () => {
    await replicas.list();
    const { error } = await list();
    assert.equal(error?.code, "ADMIN_UNREACHABLE");
    assert.match(
      String(error?.message),
      /^no CA in namespace mesh: .*labels app\.kubernetes\.io\/part-of=kasbah and app\.kubernetes\.io\/component=ca; select the namespace with -n/,
    );
  });

  it("explains why no pod can be queried", async () => {
    const foreign = [{ name: "other", ready: true, state: { running: {} } }];
    await replicas.list(
      podNamed("kasbah-0", { phase: "Pending", containerStatuses: undefined }),
      podNamed("kasbah-1", { containerStatuses: foreign }),
    );
    const { error } = await list();
    assert.equal(error?.code, "ADMIN_UNREACHABLE");
    assert.equal(
      error?.message,
      "none of 2 replicas answered; kasbah-0: the pod is Pending; kasbah-1: the pod has no container kasbah-server",
    );
    assert.deepEqual(await replicas.execs(), []);
  });

  it("distinguishes an outdated image from an image without the command", async () => {
    await replicas.onExec("kasbah-0", "echo \"error: unknown command 'authority'\" >&2; exit 2");
    const old = (await list()).error;
    assert.equal(old?.code, "ADMIN_OUTDATED");
    assert.match(
      String(old?.message),
      /image of the pod is older than your kasbah \(error: unknown command 'authority'\)/,
    );
    await replicas.onExec("kasbah-0", "exit 127");
    assert.match(String((await list()).error?.message), /exited with code 127/);
  });

  it("keeps the error code of a CA that refuses an operation, and does not ask another replica", async () => {
    const script =
      'case "$*" in *pause*) echo "kasbah: not now (OPERATION_REFUSED)" >&2; exit 1;; esac; cat "$0.json"';
    await replicas.onExec("kasbah-0", script);
    await replicas.list("kasbah-0", "kasbah-1");
    await replicas.answers("kasbah-1", idle);
    const { error } = await run("authority", "pause");
    assert.deepEqual([error?.code, error?.message], ["OPERATION_REFUSED", "not now"]);
    assert.doesNotMatch((await replicas.execs()).join(), /kasbah-1/);
  });

  it("reports that an interrupted operation may have completed", async () => {
    const started = replicas.path("started");
    const script = `case "$*" in *pause*) touch ${started}; exec sleep 20;; esac; cat "$0.json"`;
    await replicas.onExec("kasbah-0", script);
    const interrupted = new AbortController();
    const argv = ["-n", "mesh", "authority", "pause"];
    const outcome = replicas.run(argv, { signal: interrupted.signal });
    await eventually(() => existsSync(started));
    interrupted.abort(new CliError("INTERRUPTED", "interrupted before the end"));
    const { error } = await outcome;
    assert.equal(error?.code, "INTERRUPTED");
    assert.match(String(error?.message), /the operation may have completed/);
  });

  it("reports that an operation may have completed if the connection breaks", async () => {
    const script =
      'case "$*" in *pause*) echo "error: stream broke" >&2; kill -9 $PPID; exit 1;; esac; cat "$0.json"';
    await replicas.onExec("kasbah-0", script);
    const { error } = await run("authority", "pause");
    assert.equal(error?.code, "ADMIN_FAILED");
    assert.match(String(error?.message), /stream broke; the operation may have completed/);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
