import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@kasbah/runtime";
import { setUpTimeoutMs, testEnvoy } from "../harness/envoy.ts";
import { repositoryRoot } from "../harness/repository.ts";

const kasbah = join(repositoryRoot, "packages/cli/bin/kasbah.js");

describe("kasbah demo", function () {
  this.timeout(setUpTimeoutMs);
  let envoyPath: string;
  let folder: string;

  before(async () => {
    envoyPath = await testEnvoy();
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kasbah-demo-test-"));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  function start(env: Record<string, string>, ...args: string[]) {
    const child = spawn(process.execPath, [kasbah, "demo", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"] ?? "", TMPDIR: folder, ENVOY_BIN: envoyPath, ...env },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    return { child, output: () => output };
  }

  it("passes all of its checks with --once, exits 0 and leaves nothing behind", async () => {
    const { child, output } = start({}, "--once");
    const [code] = await once(child, "exit");
    assert.equal(code, 0, output());
    assert.match(output(), /backend saw spiffe:\/\/cluster\.local\/ns\/demo\/sa\/frontend/);
    assert.match(output(), /failures +0\n/);
    assert.match(output(), /certificate required/);
    await nothingIsLeft();
  });

  it("exits 1 with the reason and leaves no process running if Envoy does not start", async () => {
    const { child, output } = start({ ENVOY_BIN: "/bin/false" }, "--once");
    const [code] = await once(child, "exit");
    assert.equal(code, 1, output());
    assert.match(output(), /envoy/i);
    await until("every process has exited", () => processesOf(folder).length === 0);
  });

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"] as const) {
    it(`leaves neither processes nor files behind when it is stopped by ${signal}`, async () => {
      const { child, output } = start({});
      await until("the mesh is running", () => output().includes("backend saw"), child);
      assert.ok(processesOf(folder).length >= 5, "expected a CA, two agents and two Envoys");
      child.kill(signal);
      await once(child, "exit");
      await nothingIsLeft();
    });
  }

  async function nothingIsLeft(): Promise<void> {
    await until("every process has exited and every file is removed", () => {
      return processesOf(folder).length === 0 && readdirSync(folder).length === 0;
    });
  }
});

/** Processes with this run's directory in their command line; every demo has its own directory. */
function processesOf(folder: string): readonly string[] {
  const lines = execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line.includes(folder) && !line.includes("mocha"));
}

async function until(what: string, isSo: () => boolean, child?: ChildProcess): Promise<void> {
  const startedAt = systemClock.monotonicMs();
  while (!isSo()) {
    assert.ok(!child || child.exitCode === null, `the process exited before: ${what}`);
    assert.ok(systemClock.monotonicMs() - startedAt < 60_000, `timed out after 60 s: ${what}`);
    await systemClock.sleep(100);
  }
}
