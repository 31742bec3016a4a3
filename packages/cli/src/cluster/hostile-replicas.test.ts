import assert from "node:assert/strict";
import { idle, root } from "../commands/run-kasbah.fixture.ts";
import { FakeReplicas, podNamed } from "./fake-replicas.fixture.ts";

const treacherous = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u;

describe("A malicious pod with the labels of a CA", () => {
  let replicas: FakeReplicas;

  beforeEach(async () => {
    replicas = await FakeReplicas.start();
    await replicas.list("kasbah-0");
    await replicas.answers("kasbah-0", idle);
  });
  afterEach(() => replicas.remove());

  const run = (...argv: string[]) => replicas.run(["-n", "mesh", ...argv]);
  const list = () => run("authority", "list");

  it("passes arguments so that kubectl takes none of them as an option, and no shell interprets them", async () => {
    for (const argv of [
      ["-n", "-x", "check"],
      ["--namespace=--all-namespaces", "check"],
      ["--context=", "check"],
      ["-n", "mesh", "why", "--", "--foo"],
      ["-n", "mesh", "why", "$(touch /tmp/x)"],
      ["-n", "mesh", "why", `spiffe://${"x".repeat(4000)}`],
      ["-n", "mesh", "why", "spiffe://a/ns/b/sa/c --policy /etc/passwd"],
      ["-n", "mesh", "authority", "abort", "--if-epoch", "7;reboot"],
      ["-n", "mesh", "authority", "pause", "--operator", "a\u001b[2Jb"],
    ]) {
      const { error } = await replicas.run(argv);
      assert.notEqual(error, undefined, argv.join(" "));
    }
    assert.deepEqual(await replicas.execs(), []);
  });

  it("rejects a pod list with an invalid pod, and queries none of its pods", async () => {
    for (const name of ["-h", "--as=admin", "a b", "k\u001b[2J", "", "../pod", "x".repeat(300)]) {
      await replicas.list("kasbah-0", name);
      const { error } = await list();
      assert.equal(error?.code, "TARGET_REPLY_INVALID", name);
      assert.doesNotMatch(String(error?.message), treacherous);
    }
    await replicas.list(podNamed("kasbah-0", { phase: "\u001b[31mRunning" }));
    assert.equal((await list()).error?.code, "TARGET_REPLY_INVALID");
    await replicas.onGet("echo 'No resources'");
    assert.equal((await list()).error?.code, "TARGET_REPLY_INVALID");
    assert.deepEqual(await replicas.execs(), []);
  });

  it("does not start a thousand processes for a thousand pods with the CA's labels", async () => {
    await replicas.list(...Array.from({ length: 1000 }, (_, index) => `kasbah-${index}`));
    assert.match(String((await list()).error?.message), /^1000 pods have the CA's labels/);
    assert.deepEqual(await replicas.execs(), []);
  });

  it("rejects output of a pod that is not a valid answer", async () => {
    const scripts = {
      "no JSON": "head -c 4000 /dev/urandom",
      nothing: "true",
      another: 'echo "{\\"epoch\\":-1}"',
      list: "echo []",
      null: "echo null",
    };
    for (const [name, script] of Object.entries(scripts)) {
      await replicas.onExec("kasbah-0", script);
      const { error, said } = await list();
      assert.equal(error?.code, "TARGET_REPLY_INVALID", name);
      assert.match(String(error?.message), /^kasbah-0: its answer (is not valid JSON|is invalid at )/);
      assert.equal(said, "");
    }
  });

  it("stops reading from a pod that prints endlessly", async () => {
    await replicas.onExec("kasbah-0", "exec cat /dev/zero");
    const { error } = await list();
    assert.equal(error?.code, "TARGET_REPLY_INVALID");
    assert.match(String(error?.message), /the answer is too large/);
  });

  it("escapes control characters that a pod prints", async () => {
    const bad = "\u001b[2J\u009b31m\u202e";
    const hostile = { ...root, id: `root${bad}`, keyType: bad, fingerprint: bad };
    await replicas.answers("kasbah-0", { ...idle, authorities: [hostile], warnings: [`${bad}\nforged`] });
    for (const flags of [[], ["--json"]]) {
      const { said } = await run("authority", "list", ...flags);
      assert.doesNotMatch(said, treacherous);
      assert.doesNotMatch(said, /^forged/m);
    }
    await replicas.fails("kasbah-0", "OPERATION_REFUSED", `no${bad}\nforged`);
    assert.doesNotMatch(String((await run("authority", "list")).error?.message), treacherous);
    await replicas.onExec("kasbah-0", `echo '${bad}' >&2; exit 9`);
    assert.doesNotMatch(String((await run("authority", "list")).error?.message), treacherous);
  });
});
