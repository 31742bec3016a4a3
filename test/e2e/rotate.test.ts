import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { chmod, mkdir, readFile, rm } from "node:fs/promises";
import { systemClock } from "@kasbah/runtime";
import { type FakeCa, FakeRefusal, mintSecret, mountKubeletVolume, startFakeCa } from "@kasbah/testkit";
import { LoggedProcess } from "../harness/logged-process.ts";
import { Pod } from "../harness/pod.ts";
import { agentBin } from "../harness/repository.ts";
import { fetchLeaf } from "../harness/sds-client.ts";

describe("kasbah-agent rotate with a running agent", function () {
  this.timeout(120_000);
  let ca: FakeCa;
  let pod: Pod;

  beforeEach(async () => {
    ca = await startFakeCa({ now: () => systemClock.now() });
    pod = await Pod.create({ ca });
  });
  afterEach(async () => {
    await pod[Symbol.asyncDispose]();
    await ca.close();
  });

  /** The serial number that Envoy gets. */
  const served = async () => (await fetchLeaf(pod.socket)).leaf.serialNumber.toLowerCase();
  /** Runs the command as an operator does, in a process of its own. */
  const rotate = (...args: string[]) => rotateWithin([], ...args);
  const rotateWithin = async (within: readonly string[], ...args: string[]) => {
    const command = [...within, process.execPath, agentBin, "rotate", "--sds-socket", pod.socket, ...args];
    const running = new LoggedProcess({ title: "kasbah-agent rotate", command });
    const { code } = await running.exited;
    return { code, log: running.log };
  };

  it("renews a certificate that is not due, and Envoy's socket serves the serial that the command prints", async () => {
    const agent = pod.start();
    await agent.untilReady();
    const before = await served();
    const { code, log } = await rotate("--json");
    assert.equal(code, 0, log);
    const { oldSerial, serial } = JSON.parse(log);
    assert.equal(oldSerial, before);
    assert.equal(serial, await served());
    assert.notEqual(serial, oldSerial);
  });

  it("ends only once the output files show the new certificate, although the previous set is a moment old", async () => {
    const agent = pod.start({ flags: { "--output-certs": pod.path("certs") } });
    await agent.logged("certificates written");
    const { code, log } = await rotate("--json");
    const { serial, filesProblem } = JSON.parse(log);
    assert.deepEqual([code, filesProblem], [0, undefined]);
    const leaf = new X509Certificate(await readFile(pod.path("certs", "cert-chain.pem")));
    assert.equal(leaf.serialNumber.toLowerCase(), serial);
  });

  it("prints the reason why the output files still show the earlier certificate", async () => {
    const agent = pod.start({
      flags: { "--output-certs": pod.path("certs"), "--repair-output-certs": "false" },
    });
    await agent.logged("certificates written");
    await rm(pod.path("certs", "key.pem"));
    await mkdir(pod.path("certs", "key.pem"));
    const { code, log } = await rotate();
    assert.equal(code, 0, log);
    assert.match(
      log,
      /\nfiles {7}cannot update the certificates in .*key\.pem is a directory.*move or remove/,
    );
  });

  it("tells another user that the socket is closed to them, not that no agent runs", async function () {
    if (process.getuid?.() !== 0) this.skip();
    const agent = pod.start();
    await agent.untilReady();
    await chmod(pod.path(), 0o755);
    const { code, log } = await rotateWithin(["setpriv", "--reuid=65534", "--clear-groups"]);
    assert.equal(code, 1);
    assert.match(
      log,
      /^kasbah-agent: cannot reach an agent at .*: permission denied \(EACCES\); run the command as the agent's user \(AGENT_UNREACHABLE\)\n$/,
    );
  });

  it("shares renewals between operators who ask at once", async () => {
    const agent = pod.start();
    await agent.untilReady();
    const callsBefore = ca.calls.length;
    const startedMs = systemClock.monotonicMs();
    const all = await Promise.all(Array.from({ length: 6 }, () => rotate("--json")));
    const renewals = ca.calls.length - callsBefore;
    assert.ok(all.every(({ code }) => code === 0));
    assert.equal(new Set(all.map(({ log }) => JSON.parse(log).serial)).size, renewals);
    const most = 2 + (systemClock.monotonicMs() - startedMs) / 5_000;
    assert.ok(renewals <= most, `${renewals} renewals`);
  });

  it("exits 1 with the CA's reason if the CA refuses, and the agent keeps its certificate", async () => {
    const agent = pod.start();
    await agent.untilReady();
    const before = await served();
    ca.answer = () => {
      throw new FakeRefusal({ code: 7, message: "not today" });
    };
    const { code, log } = await rotate();
    assert.equal(code, 1);
    assert.match(log, new RegExp(`cannot renew: .*\\(CA_REFUSED\\); still served: ${before}`));
    assert.equal(await served(), before);
  });

  it("does not keep the agent from stopping", async () => {
    ca.answer = () => new Promise(() => {});
    const agent = pod.start();
    await agent.until("a call", () => ca.calls.length > 0);
    const asking = rotate("--timeout", "60s");
    await systemClock.sleep(500);
    await agent.stop();
    assert.deepEqual(await agent.exited, { code: 0, signal: null });
    assert.equal((await asking).code, 1);
  });

  it("is answered with who renews the certificate if the agent serves mounted files", async () => {
    const { authority } = ca;
    const receivedAt = new Date(Math.floor(systemClock.now().getTime() / 1_000) * 1_000);
    const minted = await mintSecret({ authority, receivedAt, ttlMs: 3_600_000 });
    const certs = await mountKubeletVolume(pod.path("mounted"), {
      "key.pem": minted.keyPair.toPkcs8Pem(),
      "cert-chain.pem": minted.leaf.toPem(),
      "root-cert.pem": authority.rootPem,
    });
    const agent = pod.start({ flags: { "--mounted-certs-dir": certs.path } });
    await agent.untilReady();
    const { code, log } = await rotate();
    assert.equal(code, 1);
    assert.match(log, /mounted certificates, which another program renews.*\(ROTATION_UNSUPPORTED\)/);
  });
});
