import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { parseCertificates, parseTrustBundle, type TrustBundle, verifyChain } from "@kasbah/pki";
import { systemClock } from "@kasbah/runtime";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import type { RunningCa } from "../harness/ca-process.ts";
import { type WrongClock, wrongClocks } from "../harness/clock-scenarios.ts";
import { kasbahBin } from "../harness/repository.ts";
import { findFaketime, WallClock } from "../harness/wall-clock.ts";
import { callCa } from "./call-ca.ts";
import { type CaAccount, createCaAccount, startClusterCa } from "./cluster-ca.ts";
import type { ControlPlane } from "./control-plane.ts";
import { sharedControlPlane } from "./hooks.ts";
import { createWorkload, type Workload } from "./workloads.ts";

const flags = ["--state-secret", "kasbah-ca"];
/** Longer than the lease of a leader that stopped. */
const leaseMs = 20_000;
const patienceMs = 60_000;

interface Held {
  readonly chain: ReturnType<typeof parseCertificates>;
  readonly bundle: TrustBundle;
}

const isWrongClock = (name: string): name is WrongClock => Object.hasOwn(wrongClocks, name);

describe("One of three replicas with a wrong clock", function () {
  this.timeout(300_000);
  let controlPlane: ControlPlane;
  let account: CaAccount;
  let directory: TemporaryDirectory;
  let clock: WallClock;
  let good: RunningCa[];
  let bad: RunningCa;
  let workload: Workload;
  let wrongMs = 0;
  const held: Held[] = [];

  before(async function () {
    const library = await findFaketime();
    if (library === undefined) this.skip();
    controlPlane = sharedControlPlane();
    account = await createCaAccount(controlPlane);
    workload = await createWorkload(controlPlane, "istio-ca");
    directory = await temporaryDirectory();
    clock = new WallClock(library, directory.join("clock"));
    await clock.step(0);
    const names = ["kasbah-0", "kasbah-1"];
    good = await Promise.all(names.map((name) => startClusterCa(controlPlane, account, name, flags)));
    bad = await startBad();
    for (const replica of [...good, bad]) await issue(replica);
    await promisify(execFile)(process.execPath, [
      ...[kasbahBin, "authority", "rotate", "--root", "--state-dir", good[0]?.stateDir ?? ""],
    ]);
    for (const replica of [...good, bad]) await issue(replica);
  });

  after(async () => {
    for (const { process: ca } of good ?? []) ca.child.kill("SIGCONT");
    await Promise.all(
      [...(good ?? []), ...(bad === undefined ? [] : [bad])].map((replica) => replica.stop()),
    );
    await account?.remove();
    await directory?.remove();
  });

  const startBad = () => startClusterCa(controlPlane, account, "kasbah-2", flags, clock.env);

  async function setWrong(ms: number): Promise<void> {
    await clock.step(ms - wrongMs);
    wrongMs = ms;
  }

  async function issue(replica: RunningCa): Promise<void> {
    const { status, message, chain } = await callCa(replica, workload.token);
    assert.equal(status, 0, message);
    held.push({
      chain: chain.slice(0, -1).flatMap(parseCertificates),
      bundle: parseTrustBundle(chain.at(-1) ?? ""),
    });
    const leaf = held.at(-1)?.chain[0];
    const now = systemClock.now();
    assert.ok(leaf && leaf.notBefore <= now && now < leaf.notAfter);
  }

  function verifyPairs(): void {
    const now = systemClock.now();
    for (const { chain } of held) {
      const [leaf, ...intermediates] = chain;
      assert.ok(leaf);
      for (const { bundle } of held) verifyChain({ leaf, intermediates, bundle, now });
    }
  }

  /** The keys in the Secret, and the stage of the rotation. */
  async function shared(): Promise<{ readonly keys: readonly string[]; readonly stage: unknown }> {
    const path = `/api/v1/namespaces/${account.namespace}/secrets/kasbah-ca`;
    const { body } = await controlPlane.adminRequest<{ data: Record<string, string> }>("GET", path);
    const keys = Object.keys(body.data).filter((name) => name.endsWith(".key.pem"));
    const control = Buffer.from(body.data["control.json"] ?? "", "base64").toString();
    return { keys: keys.sort(), stage: /"stage":\s*"distributed"/.test(control) };
  }

  async function holder(): Promise<string> {
    const path = `/apis/coordination.k8s.io/v1/namespaces/${account.namespace}/leases/kasbah-leader`;
    const { body } = await controlPlane.adminRequest<{ spec: { holderIdentity?: string } }>("GET", path);
    return body.spec.holderIdentity ?? "";
  }

  /** Stops the replicas with the right clock for longer than their lease. */
  async function alone(): Promise<void> {
    for (const { process: ca } of good) ca.child.kill("SIGSTOP");
    await systemClock.sleep(leaseMs);
  }

  function together(): void {
    for (const { process: ca } of good) ca.child.kill("SIGCONT");
  }

  const issuesSoon = () =>
    untilSeen("a certificate of the replica whose clock is right again", patienceMs, () =>
      issue(bad).then(
        () => true,
        () => undefined,
      ),
    );

  for (const name of Object.keys(wrongClocks).filter(isWrongClock)) {
    it(`destroys nothing, does not lead and still issues while it runs alone with a clock ${name}`, async () => {
      const before = await shared();
      assert.equal(before.keys.length, 4);
      await setWrong(wrongClocks[name]);
      await bad.process.until("doubt", async () => (await bad.process.metric("kasbah_clock_suspect")) === 1);
      await alone();
      assert.doesNotMatch(await holder(), /^kasbah-2/);
      assert.equal(await bad.process.isReady(), true, "no other replica can take over");
      assert.deepEqual(await shared(), before);
      await issue(bad);
      verifyPairs();
      await setWrong(0);
      await issuesSoon();
      together();
      assert.deepEqual(await shared(), before);
      verifyPairs();
    });
  }

  it("issues within a minute of the right time after a start with each wrong clock", async () => {
    const before = await shared();
    for (const name of Object.keys(wrongClocks).filter(isWrongClock)) {
      await bad.stop();
      await setWrong(wrongClocks[name]);
      const starting = startBad();
      await systemClock.sleep(5_000);
      await setWrong(0);
      bad = await starting;
      await issuesSoon();
      assert.deepEqual(await shared(), before, name);
      verifyPairs();
    }
  });
});
