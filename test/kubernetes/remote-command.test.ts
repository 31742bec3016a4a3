import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseCertificate } from "@kasbah/pki";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import type { RunningCa } from "../harness/ca-process.ts";
import { kasbahBin, repositoryRoot } from "../harness/repository.ts";
import { whyNoExecNode } from "./build-tools.ts";
import { callCa } from "./call-ca.ts";
import { type CaAccount, createCaAccount, startClusterCa } from "./cluster-ca.ts";
import type { ControlPlane } from "./control-plane.ts";
import { type ExecNode, startExecNode } from "./exec-node.ts";
import { sharedControlPlane } from "./hooks.ts";
import { type Laptop, openLaptop } from "./operator-laptop.ts";
import { createWorkload } from "./workloads.ts";

const names = ["kasbah-0", "kasbah-1", "kasbah-2"];
const labels = { "app.kubernetes.io/name": "kasbah", "app.kubernetes.io/component": "ca" };
const container = "kasbah-server";
const unsafeOutput = /[^\P{C}\n]/u;

describe("kasbah on a laptop", function () {
  this.timeout(180_000);
  let controlPlane: ControlPlane;
  let account: CaAccount;
  let node: ExecNode;
  let laptop: Laptop;
  let image: TemporaryDirectory;
  let replicas: RunningCa[];
  let kubeconfig: string;

  before(async function () {
    const missing = whyNoExecNode();
    if (missing !== undefined) {
      process.stdout.write(`      ${missing}\n`);
      this.skip();
    }
    controlPlane = sharedControlPlane();
    account = await createCaAccount(controlPlane);
    const { namespace } = account;
    laptop = await openLaptop(controlPlane);
    image = await temporaryDirectory();
    await symlink(process.execPath, image.join("node"));
    await symlink(kasbahBin, image.join("kasbah"));
    node = await startExecNode(controlPlane, `node-of-${namespace}`);
    const flags = ["--state-secret", "kasbah-ca"];
    replicas = await Promise.all(names.map((name) => startClusterCa(controlPlane, account, name, flags)));
    for (const [index, replica] of replicas.entries()) {
      const env = { PATH: image.path, KASBAH_STATE_DIR: replica.stateDir };
      await node.addPod({ namespace, name: `kasbah-${index}`, container, labels, env });
    }
    kubeconfig = await operatorOf(namespace);
  });

  after(async () => {
    await node?.stop();
    await Promise.all((replicas ?? []).map((replica) => replica.stop()));
    await Promise.all([image?.remove(), laptop?.remove(), account?.remove()]);
  });

  /** An account with the role that docs/remote.md shows; the other account may not create pods/exec. */
  async function operatorOf(namespace: string): Promise<string> {
    const page = await readFile(join(repositoryRoot, "docs/remote.md"), "utf8");
    const [, yaml = ""] = /```yaml[^\n]*\n(.*?)```/s.exec(page) ?? [];
    const kubectl = (args: readonly string[], stdin = "") =>
      controlPlane.kubectl([...args, `--namespace=${namespace}`], { stdin });
    await kubectl(["apply", "-f=-"], yaml.replace("namespace: kasbah-system", `namespace: ${namespace}`));
    await kubectl(["create", "role", "onlooker", "--verb=get,list", "--resource=pods"]);
    for (const [name, role] of [
      ["ann", "kasbah-operator"],
      ["bob", "onlooker"],
    ]) {
      await kubectl(["create", "serviceaccount", `${name}`]);
      const subject = `--serviceaccount=${namespace}:${name}`;
      await kubectl(["create", "rolebinding", `${name}`, `--role=${role}`, subject]);
    }
    const path = await laptop.kubeconfig(namespace, "ann");
    const may = [
      "auth",
      "can-i",
      "create",
      "pods",
      "--subresource=exec",
      `--as=system:serviceaccount:${namespace}:ann`,
    ];
    await untilSeen("right", 20_000, () => kubectl(may).catch(() => undefined));
    return path;
  }

  const kasbah = (...args: string[]) =>
    laptop.kasbah(["-n", account.namespace, "--kubeconfig", kubeconfig, ...args]);

  /** Adds a pod with the CA's labels, in which `kasbah` is this script. */
  async function addHostilePod(namespace: string, name: string, script: string): Promise<void> {
    await mkdir(image.join(namespace), { recursive: true });
    await writeFile(image.join(namespace, "kasbah"), `#!/bin/sh\n${script}\n`);
    await chmod(image.join(namespace, "kasbah"), 0o755);
    const env = { PATH: `${image.join(namespace)}:/usr/bin:/bin` };
    await node.addPod({ namespace, name, container, labels, env });
  }

  it("fails if the user may not exec, if the context does not exist, or if the namespace runs no CA", async () => {
    const { namespace } = account;
    const bob = await laptop.kubeconfig(namespace, "bob");
    const forbidden = await laptop.kasbah(["-n", namespace, "--kubeconfig", bob, "authority", "list"]);
    assert.equal(forbidden.exitCode, 1);
    assert.match(
      forbidden.stderr,
      /pods "kasbah-\d" is forbidden.*create on pods\/exec.*\(ADMIN_FORBIDDEN\)/,
    );
    const context = await kasbah("--context", "elsewhere", "check");
    assert.equal(context.exitCode, 1);
    assert.match(context.stderr, /context "elsewhere" does not exist/);
    const elsewhere = await laptop.kasbah(["-n", "default", "--kubeconfig", kubeconfig, "check"]);
    assert.match(elsewhere.stderr, /pods is forbidden.*\(ADMIN_FORBIDDEN\)/);
    const empty = await laptop.kasbah(["-n", "default", "--kubeconfig", controlPlane.kubeconfig, "check"]);
    assert.match(empty.stderr, /no CA in namespace default: no pod has the labels/);
  });

  it("prints the same output as the command on the host of a replica", async () => {
    const [replica] = replicas;
    const args = ["authority", "list", "--json"];
    const remote = await kasbah(...args);
    assert.deepEqual([remote.exitCode, remote.stderr], [0, ""]);
    const local = [kasbahBin, ...args, "--state-dir", `${replica?.stateDir}`];
    const { stdout } = await promisify(execFile)(process.execPath, local);
    assert.deepEqual(JSON.parse(remote.stdout), JSON.parse(stdout));
    assert.match((await kasbah("authority", "list")).stdout, /^AUTHORITY .*\nroot-1 +active +yes /);
  });

  it("explains a refused call, no matter which replica refused it", async () => {
    const { token } = await createWorkload(controlPlane, "vault");
    for (const [index, replica] of replicas.entries()) {
      const { message } = await callCa(replica, token);
      const [, reference = ""] = /reference ([0-9a-f]{12})/.exec(message) ?? [];
      const { stdout, stderr, exitCode } = await kasbah("why", reference);
      assert.deepEqual([exitCode, stderr], [0, ""], message);
      assert.match(
        stdout,
        new RegExp(`^${reference} {2}refused: TOKEN_[\\s\\S]* replica +kasbah-${index}\n`),
      );
    }
    const unknown = await kasbah("why", "000000000000");
    assert.equal(unknown.exitCode, 1);
    assert.match(unknown.stderr, /none of the 3 replicas .*\(OPERATION_REFUSED\)/);
  });

  it("shows how all replicas are on one screen, with what was refused, and what an onlooker cannot see", async () => {
    const { stdout, stderr, exitCode } = await kasbah("status");
    assert.deepEqual([exitCode, stderr], [3, ""], stdout);
    assert.match(stdout, /^WARNING {2}TOKEN_\w+\n {2}what 3 calls of 127\.0\.0\.1 refused in 10 minutes/m);
    assert.match(stdout, /^ca {10}3 of 3 replicas ready$/m);
    assert.equal(stdout.match(/^kasbah-\d {4}ready, leader, /gm)?.length, 1);
    assert.equal(stdout.match(/^kasbah-\d {4}ready, follower, /gm)?.length, 2);
    const { namespace } = account;
    const bob = await laptop.kubeconfig(namespace, "bob");
    const seen = await laptop.kasbah(["-n", namespace, "--kubeconfig", bob, "status", "--json"]);
    const report = JSON.parse(seen.stdout);
    assert.deepEqual(
      report.findings.map((one: { code: string }) => one.code),
      ["STATUS_INCOMPLETE"],
    );
    assert.equal(report.missing.length, 3);
    assert.match(report.missing[0], /^kasbah-0: .*pods "kasbah-0" is forbidden/);
  });

  it("returns the same exit codes as on the host of the CA", async () => {
    assert.equal((await kasbah("check")).exitCode, 0);
    assert.equal((await kasbah("check", "--warn", "4000d")).exitCode, 3);
    const spiffeId = "spiffe://cluster.local/ns/a/sa/b";
    assert.match(
      (await kasbah("why", spiffeId)).stdout,
      /^spiffe:\S+ {2}gets certificates\n {2}rule +default\n/,
    );
    const stale = await kasbah("authority", "abort", "--if-epoch", "1");
    assert.deepEqual([stale.exitCode, stale.stdout], [1, ""]);
    assert.match(stale.stderr, /\(OPERATION_REFUSED\)/);
  });

  it("runs an operation at one replica under the unverified operator name, and all replicas show its result", async () => {
    const { exitCode, stdout } = await kasbah("--operator", "ann@laptop", "authority", "rotate", "--root");
    assert.equal(exitCode, 0);
    assert.match(stdout, /root-1 to root-2\n|is already complete/);
    const logs = await Promise.all(replicas.map((replica) => replica.process.log));
    const acts = logs
      .flatMap((log) => log.split("\n"))
      .filter((line) => line.includes('"operator action applied"'));
    assert.equal(acts.length, 1);
    assert.match(`${acts[0]}`, /"act":"rotate".*"operatorUnverified":"ann@laptop"/);
    const followed = await kasbah("authority", "rotate", "--wait");
    assert.equal(followed.exitCode, 0, followed.stderr);
    assert.match(followed.stdout, /rotation complete\n/);
    await untilSeen("agreement", 20_000, async () => {
      const status = JSON.parse((await kasbah("authority", "list", "--json")).stdout);
      return status.otherwise === undefined && JSON.stringify(status).includes("root-2") ? true : undefined;
    });
  });

  it("finds the certificates of an identity across all replicas, and a pod's current certificate", async () => {
    const workload = await createWorkload(controlPlane, "istio-ca");
    const name = `spiffe://cluster.local/ns/${workload.namespace}/sa/default`;
    const none = await kasbah("audit", "who", name);
    assert.deepEqual([none.exitCode, none.stderr], [1, ""]);
    assert.match(none.stdout, /^the ledger has no certificate for /);
    const serials: string[] = [];
    for (const replica of replicas) {
      // The root has been replaced since the replica started.
      const rootPem = await readFile(join(replica.stateDir, "public", "root-cert.pem"), "utf8");
      const { chain } = await callCa({ ...replica, rootPem }, workload.token);
      serials.unshift(parseCertificate(chain[0] ?? "").serial);
    }
    const who = await kasbah("audit", "who", name, "--json");
    assert.deepEqual([who.exitCode, who.stderr], [0, ""]);
    const { certificates } = JSON.parse(who.stdout) as {
      certificates: { slot: string; entry: { serial: string } }[];
    };
    assert.deepEqual(
      certificates.map(({ slot, entry }) => [slot, entry.serial]),
      serials.map((serial, at) => [`kasbah-${2 - at}`, serial]),
    );
    const cert = await kasbah("audit", "cert", serials[1] ?? "");
    assert.match(cert.stdout, /entry +\d+ of kasbah-1\n/);
    const identities = await kasbah("identities", "--in", workload.namespace, "--json");
    const live = (JSON.parse(identities.stdout) as { identities: { entry: { serial: string } }[] })
      .identities;
    assert.deepEqual(
      live.map(({ entry }) => entry.serial),
      [serials[0]],
    );
    assert.match((await kasbah("audit", "tail", "--lines", "3")).stdout, /^(.*issued.*\n){3}$/);
  });

  it("answers from the other replicas and warns when a replica has died", async () => {
    await (replicas[2] ?? assert.fail("third replica is missing")).process.kill();
    const { exitCode, stdout, stderr } = await kasbah("authority", "status");
    assert.equal(exitCode, 0);
    assert.match(stdout, /epoch/);
    assert.match(
      stderr,
      /^kasbah: warning: kasbah-2: no CA at .*; using the answers of the other replicas\n$/,
    );
    const one = await kasbah("status");
    assert.match(one.stdout, /^WARNING {2}REPLICA_DOWN\n {2}what kasbah-2 does not answer: no CA at /m);
    assert.match(one.stdout, /^kasbah-2 {4}unreachable: no CA at /m);
    const pinned = await kasbah("--pod", "kasbah-2", "authority", "status");
    assert.equal(pinned.exitCode, 1);
    assert.match(pinned.stderr, /kasbah-2: no CA at .*\(ADMIN_UNREACHABLE\)/);
  });

  for (const { what, script, words } of [
    { what: "floods it", script: "exec head -c 104857600 /dev/zero", words: /the answer is too large/ },
    {
      what: "prints garbage",
      script: "exec head -c 100000 /dev/urandom",
      words: /its answer is not valid JSON/,
    },
    {
      what: "writes to the terminal",
      script: "printf '\\033[2J\\nkasbah: \\033]0;x\\007 (ADMIN_FAILED)\\n' >&2; exit 1",
      words: /\\u001b\]0;x\\u0007 \(ADMIN_FAILED\)/,
    },
    { what: "is too old", script: "echo \"error: unknown command 'authority'\" >&2; exit 2", words: /older/ },
    { what: "has no kasbah", script: "exit 127", words: /exited with code 127/ },
  ]) {
    it(`fails safely if a pod ${what}`, async () => {
      const namespace = await controlPlane.newNamespace("hostile");
      await addHostilePod(namespace, "kasbah-0", script);
      const target = ["-n", namespace, "--kubeconfig", controlPlane.kubeconfig];
      const { exitCode, stdout, stderr } = await laptop.kasbah([...target, "authority", "list"]);
      assert.deepEqual([exitCode, stdout], [1, ""]);
      assert.match(stderr, words);
      assert.doesNotMatch(stderr, unsafeOutput);
    });
  }

  it("stops waiting for a silent pod on Ctrl-C", async () => {
    const namespace = await controlPlane.newNamespace("silent");
    await addHostilePod(namespace, "kasbah-0", "echo started > $(dirname $0)/started; exec sleep 600");
    const target = ["-n", namespace, "--kubeconfig", controlPlane.kubeconfig];
    const asked = laptop.kasbah([...target, "check"], { interruptWhen: image.join(namespace, "started") });
    const { exitCode, stderr } = await asked;
    assert.equal(exitCode, 130);
    assert.match(stderr, /\(INTERRUPTED\)/);
  });
});
