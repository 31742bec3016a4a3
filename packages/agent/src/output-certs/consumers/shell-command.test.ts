import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createRegistry, type Registry, systemClock } from "@kasbah/runtime";
import {
  eventually,
  FakeClock,
  type RecordingLogger,
  recordingLogger,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { createFileMetrics } from "../file-metrics.ts";
import { ConsumerLoop } from "./consumer-loop.ts";
import { type ShellCommandOptions, shellCommand } from "./shell-command.ts";

const spiffeId = "spiffe://cluster.local/ns/demo/sa/frontend";
const change = { spiffeId, serial: "0a1b", notAfter: new Date("2030-01-01T01:00:00Z") };

describe("shellCommand", () => {
  let directory: TemporaryDirectory;
  let logger: RecordingLogger;
  let registry: Registry;
  let consumer: ConsumerLoop;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    logger = recordingLogger();
    registry = createRegistry({ name: "kasbah-agent", version: "0" });
  });
  afterEach(async () => {
    await consumer.stop();
    await directory.remove();
  });

  const begin = (command: string, more: Partial<ShellCommandOptions> = {}) => {
    const { runs } = createFileMetrics(registry);
    const environment = { PATH: "/usr/bin:/bin", KASBAH_OUTPUT_CERTS: directory.path };
    const parts = { command, timeoutMs: 20_000, environment, clock: systemClock, ...more };
    consumer = new ConsumerLoop({
      ...shellCommand(parts),
      runs,
      clock: parts.clock,
      roll: () => 0.5,
      logger,
    });
    void consumer.start();
  };
  const told = () => logger.events.filter(({ event }) => event.startsWith("on-rotate"));
  const ran = (times: number) => eventually(() => told().length === times);
  const metric = async (result: string) =>
    (await registry.metrics()).includes(`kasbah_agent_on_rotate_runs{result="${result}"} 1\n`);
  const isAlive = async (file: string) => {
    const pid = (await readFile(directory.join(file), "utf8")).trim();
    const state = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") gone");
    return !/\) (gone|Z)/.test(state);
  };

  it("reports a failure and affects nothing else if the command cannot be started", async () => {
    begin(`: ${"x".repeat(200_000)}`);
    consumer.notify(change);
    await ran(1);
    assert.equal(await metric("failed"), true);
    assert.match(consumer.state.problem ?? "", /failed/);
  });

  it("reports a failure and affects nothing else if no descriptors are left for the pipes", async () => {
    const script = `
      import { openSync } from "node:fs";
      import { systemClock as clock } from "@kasbah/runtime";
      import { runShell } from ${JSON.stringify(new URL("run-shell.ts", import.meta.url).href)};
      try { for (;;) openSync("/dev/null"); } catch {}
      const signal = new AbortController().signal;
      const outcome = await runShell({ command: "true", environment: {}, timeoutMs: 1000, signal, clock });
      process.stdout.write(outcome.result + " " + outcome.output);
    `;
    const node = [process.execPath, "--conditions=kasbah-source", "--input-type=module", "-e", script];
    const cwd = fileURLToPath(new URL(".", import.meta.url));
    const { stdout } = await promisify(execFile)("/bin/sh", ["-c", `ulimit -n 48; exec "$0" "$@"`, ...node], {
      cwd,
    });
    assert.match(stdout, /^failed .*EMFILE/);
  });

  it("terminates the command with its children on timeout and reports the failure", async () => {
    const clock = new FakeClock();
    begin(`cd ${directory.path}; sleep 600 & echo $! > child; trap '' TERM; echo waiting; wait; sleep 600`, {
      clock,
      timeoutMs: 30_000,
    });
    consumer.notify(change);
    await eventually(async () =>
      (await readFile(directory.join("child"), "utf8").catch(() => "")).endsWith("\n"),
    );
    await clock.runFor(30_000);
    // It ignores SIGTERM.
    await clock.runFor(5_000);
    await eventually(async () => {
      await clock.runFor(1_000);
      return told().length === 1;
    });
    assert.deepEqual(told()[0]?.facts["result"], "timeout");
    assert.match(String(consumer.state.problem), /timed out/);
    await eventually(async () => !(await isAlive("child")));
    assert.ok(await metric("timeout"));
  });

  it("terminates the command when the agent stops", async () => {
    begin(`cd ${directory.path}; echo $$ > self; exec sleep 600`);
    consumer.notify(change);
    await eventually(async () =>
      (await readFile(directory.join("self"), "utf8").catch(() => "")).endsWith("\n"),
    );
    await consumer.stop();
    assert.equal(await isAlive("self"), false);
    assert.deepEqual(told(), []);
  });

  it("reports the exit code and last lines of a failed command, and clears the failure on success", async () => {
    begin(
      `cd ${directory.path}; if test -e once; then exit 0; fi; touch once; seq 100; echo broken >&2; exit 7`,
    );
    consumer.notify(change);
    await ran(1);
    const { exitCode, output } = told()[0]?.facts ?? {};
    assert.equal(exitCode, 7);
    assert.ok(Array.isArray(output) && output.length === 20 && output.includes("broken"));
    assert.match(String(consumer.state.problem), /exit code 7/);
    assert.ok(await metric("failed"));
    consumer.notify(change);
    await ran(2);
    assert.equal(consumer.state.problem, undefined);
    assert.ok(await metric("ok"));
  });

  it("reports the signal that terminated the command", async () => {
    begin("kill -SEGV $$");
    consumer.notify(change);
    await ran(1);
    assert.match(String(consumer.state.problem), /SIGSEGV/);
  });

  it("keeps a key that the command prints out of the log", async () => {
    const body = "MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY/PuoAoGCCqGSM49";
    begin(
      `printf '%s\\n' '-----BEGIN EC PRIVATE KEY-----' ${body} shortEnd= '-----END EC PRIVATE KEY-----' after ${body}; exit 1`,
    );
    consumer.notify(change);
    await ran(1);
    assert.deepEqual(told()[0]?.facts["output"], ["[redacted]", "after", "[redacted]"]);
  });

  it("passes the directory and the SPIFFE ID to the command, and nothing secret", async () => {
    begin("env");
    consumer.notify(change);
    await ran(1);
    const lines = told()[0]?.facts["output"];
    assert.ok(Array.isArray(lines));
    assert.ok(lines.includes(`KASBAH_OUTPUT_CERTS=${directory.path}`));
    assert.ok(lines.includes(`KASBAH_SPIFFE_ID=${spiffeId}`));
    assert.ok(lines.includes("KASBAH_CERT_SERIAL=0a1b"));
    assert.ok(lines.includes("KASBAH_CERT_NOT_AFTER=2030-01-01T01:00:00.000Z"));
    assert.ok(!lines.some((line: string) => line.includes("KEY")));
  });

  it("runs one command at a time, and once more if rotations happen during a run", async () => {
    begin(
      `cd ${directory.path}; mkdir lock || exit 9; echo x >> runs; while ! test -e go; do sleep 0.05; done; rmdir lock`,
    );
    consumer.notify(change);
    await eventually(async () => (await readFile(directory.join("runs"), "utf8").catch(() => "")) === "x\n");
    for (let round = 0; round < 5; round += 1) consumer.notify(change);
    await writeFile(directory.join("go"), "");
    await ran(2);
    assert.equal(await readFile(directory.join("runs"), "utf8"), "x\nx\n");
    assert.deepEqual(
      told().map(({ facts }) => facts["exitCode"]),
      [0, 0],
    );
  });

  it("does not wait for a background process that keeps the output open", async () => {
    begin(`cd ${directory.path}; sleep 600 & echo $! > child; exit 0`);
    consumer.notify(change);
    await ran(1);
    assert.equal(told()[0]?.event, "on-rotate command ran");
    const pid = Number(await readFile(directory.join("child"), "utf8"));
    process.kill(pid, "SIGKILL");
  });
});
