import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { formatHostPort, systemClock } from "@kasbah/runtime";
import { type FakeCa, FakeRefusal, freePort, startFakeCa } from "@kasbah/testkit";
import { LoggedProcess } from "../harness/logged-process.ts";
import { lonelySpiffeId, Pod } from "../harness/pod.ts";
import { agentBin } from "../harness/repository.ts";

describe("kasbah-agent fetch, without a running agent", function () {
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

  const file = (name: string) => pod.path("certs", name);
  /** Flags of `more` replace the pod's own. */
  const start = (...more: string[]) => startWithin([], ...more);
  const startWithin = (within: readonly string[], ...more: string[]) => {
    const own = {
      "--ca-address": formatHostPort(ca.address),
      "--ca-root": pod.rootPath,
      "--token-file": pod.token.join("token"),
      "--output-certs": pod.path("certs"),
    };
    const flags = Object.entries(own).filter(([flag]) => !more.includes(flag));
    const command = [...within, process.execPath, agentBin, "fetch", ...flags.flat(), ...more];
    return new LoggedProcess({ title: "kasbah-agent fetch", command });
  };
  const ended = async (running: LoggedProcess) => {
    const { code } = await running.exited;
    return { code, log: running.log };
  };
  const fetchOnce = (...args: string[]) => ended(start(...args));
  const fetchWithin = (within: readonly string[]) => ended(startWithin(within));

  it("writes one matching set of files with private modes, prints what it wrote, and exits 0", async () => {
    const { code, log } = await fetchOnce("--json");
    assert.equal(code, 0, log);
    const { spiffeId, serial, files, directory } = JSON.parse(log);
    assert.deepEqual([spiffeId, directory], [lonelySpiffeId, pod.path("certs")]);
    assert.deepEqual(files, ["key.pem", "cert-chain.pem", "root-cert.pem"]);
    const leaf = new X509Certificate(await readFile(file("cert-chain.pem")));
    assert.equal(leaf.serialNumber.toLowerCase(), serial);
    assert.ok(leaf.checkPrivateKey(createPrivateKey(await readFile(file("key.pem")))));
    assert.equal(ca.calls.length, 1);
  });

  it("replaces the files of an earlier run, in another format, and leaves no more than one earlier key", async () => {
    await fetchOnce();
    await fetchOnce();
    const { code, log } = await fetchOnce("--output-format", "pkcs12,credential-bundle");
    assert.equal(code, 0, log);
    assert.match(
      log,
      /^SPIFFE ID {2}spiffe:.*\nserial {5}[0-9a-f]+\nexpires {4}.*\nwritten {4}keystore\.p12, /,
    );
    const names = await readdir(pod.path("certs"));
    assert.deepEqual(names.filter((name) => !name.startsWith("..")).toSorted(), [
      "cluster.local.spiffe-trust-bundle.pem",
      "credential-bundle.private-key.pem",
      "keystore.p12",
      "truststore.p12",
    ]);
    assert.ok(names.filter((name) => name.startsWith("..kasbah-")).length <= 2);
  });

  it("exits 1 after the timeout with the CA's reason, prints each reason once, and writes nothing", async () => {
    ca.answer = () => {
      throw new FakeRefusal({ code: 7, message: "not today" });
    };
    const { code, log } = await fetchOnce("--timeout", "1s");
    assert.equal(code, 1);
    assert.match(log, /trying again: .*not today.*\(CA_REFUSED\)/);
    assert.match(log, /no certificate after 1 ?s: .*not today.*\(CERTIFICATE_NOT_OBTAINED\)\n$/);
    assert.equal(log.split("trying again").length, 2);
    assert.deepEqual(await readdir(pod.path("certs")), []);
  });

  it("prints a reason once, although the fingerprint in it changes with each reply of the CA", async () => {
    ca.answer = async (call) => {
      const [leaf = ""] = await ca.honest(call);
      return [leaf, leaf];
    };
    const running = start("--timeout", "10m");
    await running.until("the third call", () => ca.calls.length > 2);
    running.child.kill("SIGTERM");
    assert.equal((await running.exited).code, 1);
    assert.equal(running.log.split("trying again").length, 2, running.log);
    assert.match(running.log, /no certificate: interrupted by SIGTERM: .*leaf [0-9a-f]{64}/);
  });

  it("waits for a CA that is not there yet, and for a token that is not mounted yet", async () => {
    const token = await readFile(pod.token.join("token"));
    const elsewhere = pod.path("later");
    const away = await freePort();
    const running = start("--token-file", elsewhere, "--timeout", "60s");
    await running.says("TOKEN_UNREADABLE");
    await writeFile(elsewhere, token);
    assert.deepEqual(await running.exited, { code: 0, signal: null });
    const unreachable = await fetchOnce("--ca-address", `127.0.0.1:${away}`, "--timeout", "500ms");
    assert.equal(unreachable.code, 1);
    assert.match(unreachable.log, /CA_UNREACHABLE/);
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`exits 1 on ${signal} while the CA does not answer, prints the reason, and leaves nothing in the directory`, async () => {
      ca.answer = () => new Promise(() => {});
      const running = start("--timeout", "10m");
      await running.until("a call", () => ca.calls.length > 0);
      running.child.kill(signal);
      assert.deepEqual(await running.exited, { code: 1, signal: null });
      assert.match(
        running.log,
        new RegExp(`no certificate: interrupted by ${signal}.*\\(CERTIFICATE_NOT_OBTAINED\\)\n$`),
      );
      assert.deepEqual(await readdir(pod.path("certs")), []);
    });
  }

  it("exits 2 with every problem for invalid arguments, before it asks the CA", async () => {
    for (const [args, reason] of [
      [["--output-name", "key=cert-chain.pem"], /two files would have the name cert-chain\.pem/],
      [
        ["--output-format", "pkcs12", "--pkcs12-password-file", "/missing"],
        /cannot read \/missing \(ENOENT\)/,
      ],
      [["--file-mounted-certs", "true"], /--file-mounted-certs: fetch asks a CA/],
      [["--timeout", "soon"], /--timeout/],
      [["--output-certs", pod.path()], /the agent also reads from this directory/],
    ] as const) {
      const { code, log } = await fetchOnce(...args);
      assert.equal(code, 2, log);
      assert.match(log, reason);
    }
    const bare = new LoggedProcess({ title: "fetch", command: [process.execPath, agentBin, "fetch"] });
    assert.equal((await bare.exited).code, 2);
    assert.match(bare.log, /--output-certs: is required/);
    assert.equal(ca.calls.length, 0);
  });

  it("exits 1 before it asks the CA if an agent writes to the directory, and names that agent", async () => {
    const agent = pod.start({ flags: { "--output-certs": pod.path("certs") } });
    await agent.logged("certificates written");
    const asked = ca.calls.length;
    const { code, log } = await fetchOnce();
    assert.equal(code, 1);
    assert.match(log, new RegExp(`another agent \\(${lonelySpiffeId}, .*OUTPUT_DIRECTORY_IN_USE`));
    assert.equal(ca.calls.length, asked);
  });

  it("exits 1 with the reason if the files cannot be written, and the key is in no output", async () => {
    await mkdir(pod.path("certs"));
    await mkdir(file("key.pem"));
    const { code, log } = await fetchOnce();
    assert.equal(code, 1);
    assert.match(log, /key\.pem/);
    assert.doesNotMatch(log, /BEGIN/);
    await rm(file("key.pem"), { recursive: true });
    assert.equal((await fetchOnce()).code, 0);
  });

  it("exits 1 with one line that names the directory and the reason if it cannot be used", async () => {
    await writeFile(pod.path("file"), "");
    await symlink(pod.path("nowhere"), pod.path("dangling"));
    for (const [name, reason] of [
      ["file", /^kasbah-agent: cannot create directory .*\/file: EEXIST.* \(DIRECTORY_UNUSABLE\)\n$/],
      ["file/certs", /^kasbah-agent: .*\/file\/certs: ENOTDIR.* \(DIRECTORY_UNUSABLE\)\n$/],
      ["dangling", /^kasbah-agent: .*\/dangling: .* \(DIRECTORY_UNUSABLE\)\n$/],
    ] as const) {
      const { code, log } = await fetchOnce("--output-certs", pod.path(name));
      assert.equal(code, 1, log);
      assert.match(log, reason);
    }
    assert.equal(ca.calls.length, 0);
  });

  it("leaves no new key behind if the files cannot be linked, and prints one line", async function () {
    if (process.getuid?.() !== 0) this.skip();
    await chmod(pod.path(), 0o755);
    await mkdir(pod.path("certs"));
    // In a sticky directory only its owner can replace a link.
    await chmod(pod.path("certs"), 0o1777);
    await symlink("..kasbah-0", file("..data"));
    const { code, log } = await fetchWithin(["setpriv", "--reuid=65534", "--clear-groups"]);
    assert.equal(code, 1);
    assert.match(log, /^kasbah-agent: cannot publish files in .*EPERM.*\(FILE_NOT_DURABLE\)\n$/);
    const names = await readdir(pod.path("certs"));
    assert.deepEqual(
      names.filter((name) => name.startsWith("..kasbah-")),
      [],
    );
  });
});
