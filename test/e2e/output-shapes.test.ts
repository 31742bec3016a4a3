import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { systemClock } from "@kasbah/runtime";
import { type FakeCa, startFakeCa } from "@kasbah/testkit";
import { LoggedProcess } from "../harness/logged-process.ts";
import { Pod } from "../harness/pod.ts";

/** Prints a line for each HUP, as a program that reloads its files. */
const program = `process.on("SIGHUP", () => console.log("reloaded")); console.log("started"); setInterval(() => {}, 1000);`;

describe("Agent whose output files have another form", function () {
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
  const shown = async () =>
    (await readdir(pod.path("certs"))).filter((name) => !name.startsWith("..")).toSorted();

  it("writes the names of a Kubernetes TLS Secret, and after a restart with other flags no old name is left", async () => {
    const names = ["cert-chain=tls.crt", "key=tls.key", "root-cert=ca.crt"];
    const output = { "--output-certs": pod.path("certs") };
    const first = pod.start({ flags: { ...output, "--output-name": names } });
    await first.logged("certificates written");
    assert.deepEqual(await shown(), ["ca.crt", "tls.crt", "tls.key"]);
    const leaf = new X509Certificate(await readFile(file("tls.crt")));
    assert.ok(leaf.checkPrivateKey(createPrivateKey(await readFile(file("tls.key")))));
    await first.stop();
    const next = pod.start({ flags: { ...output, "--output-format": "combined,pkcs12" } });
    await next.logged("certificates written");
    assert.deepEqual(await shown(), ["combined.pem", "keystore.p12", "root-cert.pem", "truststore.p12"]);
  });

  it("signals the process of a pid file without a shell, and repeats a signal that found no process", async () => {
    const pidFile = pod.path("program.pid");
    await writeFile(pidFile, "1\n");
    const agent = pod.start({
      env: { PATH: "/nowhere" },
      flags: { "--output-certs": pod.path("certs"), "--signal": "HUP", "--pid-file": pidFile },
    });
    const { output } = await agent.logged("signal HUP failed");
    assert.match(String(output), /its first line is not a process ID above 1/);
    assert.match(String((await agent.readiness()).warnings), /signal HUP/);
    await rm(pidFile);
    await using other = new LoggedProcess({
      title: "the program",
      command: [process.execPath, "-e", program],
    });
    await other.says("started");
    await writeFile(pidFile, `${other.pid}\n`);
    await other.says("reloaded");
    await agent.logged("signal HUP ran");
    await agent.until("no warning", async () => (await agent.readiness()).warnings?.length === undefined);
  });

  it("refuses a password file that it cannot read, with exit code 2 and a sentence", async () => {
    const flags = {
      "--output-certs": pod.path("certs"),
      "--output-format": "pkcs12",
      "--pkcs12-password-file": pod.path("missing"),
    };
    const agent = pod.start({ flags });
    assert.deepEqual(await agent.exited, { code: 2, signal: null });
    assert.match(agent.log, /CONFIG_INVALID[\s\S]*--pkcs12-password-file: cannot read .*missing \(ENOENT\)/);
  });
});
