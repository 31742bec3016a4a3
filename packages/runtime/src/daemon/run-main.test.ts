import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { eventually, temporaryDirectory } from "@kasbah/testkit";

const program = new URL("../../../testkit/src/sample-daemon.ts", import.meta.url).pathname;

/** Starts the sample daemon in its own process. */
function start(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ["--conditions=kasbah-source", program, ...args], {
    env: { ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output.stderr += chunk;
  });
  const ended = once(child, "close").then(([code]) => ({ code, ...output }));
  const said = async (text: string) => {
    while (!output.stdout.includes(text)) await once(child.stdout, "data");
  };
  return { child, ended, said };
}

describe("runMain", () => {
  it("lists all configuration problems on standard error and exits 2", async () => {
    const { code, stdout, stderr } = await start(["--ttl", "never", "--bogus"]).ended;
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /^test-daemon: CONFIG_INVALID: 2 problems\n {2}unknown flag "--bogus".*\n {2}--ttl .*\n$/,
    );
  });

  it("exits 2 if only the composition finds the configuration invalid", async () => {
    const { code, stderr } = await start(["--mode", "bad-config"]).ended;
    assert.equal(code, 2);
    assert.match(stderr, /1 problem\n {2}the token says otherwise\n/);
  });

  it("logs an error that the composition throws, and exits 1", async () => {
    const { code, stdout } = await start(["--mode", "throw"]).ended;
    assert.equal(code, 1);
    assert.match(stdout, /"event":"start failed"/);
  });

  it("exits 1 after an unhandled rejection", async () => {
    const { code, stdout } = await start(["--mode", "reject"]).ended;
    assert.equal(code, 1);
    assert.match(stdout, /"message":"not handled anywhere".*"event":"unhandled rejection"/);
  });

  it("opens no debugger on SIGUSR1, and exits 0 on SIGTERM with its last line written", async () => {
    const { child, ended, said } = start([]);
    await said("daemon started");
    child.kill("SIGUSR1");
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill("SIGTERM");
    const { code, stdout, stderr } = await ended;
    assert.equal(code, 0);
    assert.match(stdout, /"event":"daemon stopped"}\n$/);
    assert.equal(stderr, "");
  });

  it("reports its start to systemd once, if systemd started it", async () => {
    await using directory = await temporaryDirectory();
    const program = directory.join("systemd-notify");
    const seen = directory.join("seen");
    await writeFile(program, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> "${seen}"\n`);
    await chmod(program, 0o755);
    const { child, said, ended } = start([], { PATH: directory.path, NOTIFY_SOCKET: "/run/systemd/notify" });
    await said("daemon started");
    await eventually(() => existsSync(seen) && readFileSync(seen, "utf8").endsWith("\n"));
    child.kill("SIGTERM");
    assert.doesNotMatch((await ended).stdout, /"level":"warn"/);
    assert.equal(readFileSync(seen, "utf8"), "/run/systemd/notify --ready\n");
  });

  it("warns if it cannot report its start to systemd, and continues", async () => {
    await using directory = await temporaryDirectory();
    const { child, said, ended } = start([], { PATH: directory.path, NOTIFY_SOCKET: "/run/systemd/notify" });
    await said("cannot report the start to systemd");
    child.kill("SIGTERM");
    const { code, stdout } = await ended;
    assert.equal(code, 0);
    assert.match(stdout, /"level":"warn".*ENOENT/);
  });

  it("exits even if no process reads its log", async () => {
    const { child, said } = start(["--mode", "chatter"]);
    await said("daemon started");
    child.stdout.pause();
    const exited = once(child, "exit");
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.kill("SIGTERM");
    const [code] = await exited;
    assert.equal(code, 0);
    child.stdout.destroy();
  });

  it("reads the file named by --config and prints the resulting configuration", async () => {
    await using directory = await temporaryDirectory();
    const file = directory.join("daemon.yaml");
    await writeFile(file, "ttl: 3h\n");
    const { code, stdout } = await start(["--check-config", "--config", file]).ended;
    assert.equal(code, 0);
    assert.match(stdout, /^configuration is valid\n {2}ttl +3h {2}\(file .*daemon\.yaml line 1\)\n/);
  });
});
