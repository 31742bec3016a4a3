import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@kasbah/runtime";
import { grpcStatus } from "@kasbah/runtime/rpc";
import { eventually, FakeRefusal, startFakeCa } from "@kasbah/testkit";
import { startCa } from "../harness/ca-process.ts";
import type { DaemonProcess } from "../harness/daemon-process.ts";
import { Pod } from "../harness/pod.ts";

const ignored = ["SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGIO", "SIGPWR", "SIGXCPU"] as const;

/** How often an event was logged. */
const count = (daemon: DaemonProcess, event: string) => daemon.log.split(`"event":"${event}"`).length - 1;

/** Sends each signal that has no meaning, waits for its line, and shows that the daemon still serves. */
async function survives(daemon: DaemonProcess): Promise<void> {
  for (const signal of ignored) {
    daemon.child.kill(signal);
    await daemon.says(`"signal":"${signal}","event":"signal ignored"`);
  }
  // Node itself ignores these two.
  for (const signal of ["SIGPIPE", "SIGXFSZ"] as const) daemon.child.kill(signal);
  assert.ok((await daemon.readiness()).ready);
}

async function quits(daemon: DaemonProcess): Promise<void> {
  daemon.child.kill("SIGQUIT");
  assert.deepEqual(await daemon.exited, { code: 0, signal: null });
  assert.match(daemon.log, /"signal":"SIGQUIT","event":"stopping"/);
}

describe("Signals of a running daemon", () => {
  it("kasbah-agent logs a signal without a meaning and serves on, and stops on SIGQUIT", async () => {
    const ca = await startFakeCa({ now: () => systemClock.now() });
    await using pod = await Pod.create({ ca });
    const agent = pod.start();
    await agent.untilReady();
    await survives(agent);
    await quits(agent);
    await ca.close();
  });

  it("kasbah-agent reads its files again on SIGHUP, and repeats a call that failed without its long delay", async () => {
    const ca = await startFakeCa({ now: () => systemClock.now() });
    await using pod = await Pod.create({ ca });
    ca.answer = () => {
      throw new FakeRefusal({ code: grpcStatus.PERMISSION_DENIED, message: "not yet" });
    };
    const agent = pod.start();
    await agent.logged("rotation failed; keeping the current secret");
    ca.answer = undefined;
    agent.child.kill("SIGHUP");
    const { of } = await agent.logged("reading files again");
    assert.deepEqual(of, ["files", "rotation", "token file", "root file"]);
    await agent.logged("secret published");
    assert.deepEqual([ca.calls.length, count(agent, "rotation failed; keeping the current secret")], [2, 1]);
    await ca.close();
  });

  it("kasbah-agent repairs its output files on SIGHUP even if it does not watch them", async () => {
    const ca = await startFakeCa({ now: () => systemClock.now() });
    await using pod = await Pod.create({ ca });
    const output = pod.path("certs");
    const agent = pod.start({ flags: { "--output-certs": output, "--repair-output-certs": "false" } });
    const written = () => readFile(join(output, "key.pem"), "utf8").catch(() => undefined);
    await agent.until("the first files", async () => (await written()) !== undefined);
    const key = await written();
    await rm(join(output, "key.pem"));
    agent.child.kill("SIGHUP");
    await agent.until("the same key again", async () => (await written()) === key);
    await ca.close();
  });

  it("kasbah-agent survives SIGHUP while its files are missing, and keeps what it serves", async () => {
    const ca = await startFakeCa({ now: () => systemClock.now() });
    await using pod = await Pod.create({ ca });
    const agent = pod.start();
    await agent.untilReady();
    await rm(pod.rootPath);
    agent.child.kill("SIGHUP");
    await eventually(() => agent.log.includes('"watch":"root file"'));
    assert.ok((await agent.readiness()).ready);
    assert.equal(count(agent, "reading files again"), 1);
    await ca.close();
  });

  it("kasbah-server with workers logs a signal without a meaning, reads its files again on SIGHUP, and stops on SIGQUIT", async () => {
    await using ca = await startCa({ flags: ["--workers", "2"] });
    await survives(ca.process);
    ca.process.child.kill("SIGHUP");
    const { of } = await ca.process.logged("reading files again");
    assert.ok(Array.isArray(of));
    assert.deepEqual([of.includes("policy"), of.includes("token issuers")], [true, true]);
    assert.ok(await ca.process.isReady());
    await quits(ca.process);
  });
});
