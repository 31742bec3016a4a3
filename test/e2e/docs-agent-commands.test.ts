import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@kasbah/runtime";
import { type FakeCa, startFakeCa } from "@kasbah/testkit";
import type { AgentProcess } from "../harness/agent-process.ts";
import { lonelySpiffeId, Pod } from "../harness/pod.ts";
import { agentBin, repositoryRoot } from "../harness/repository.ts";

interface Ended {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

describe("Command lines in the agent's documentation", () => {
  let ca: FakeCa;
  let pod: Pod;

  beforeEach(async () => {
    ca = await startFakeCa({ now: () => systemClock.now() });
    pod = await Pod.create({ ca });
  });

  afterEach(async () => {
    await pod?.[Symbol.asyncDispose]();
    await ca.close();
  });

  const workloadSocket = () => pod.path("workload");
  const start = (flags: Record<string, string> = {}): AgentProcess =>
    pod.start({ flags: { "--workload-socket": workloadSocket(), ...flags } });

  /** Runs a command line of a page unchanged, with the address of the test's agent in the environment. */
  const run = async (line: string, agent: AgentProcess) => {
    const address = await agent.statusAddress();
    const command = line
      .replace(/^kasbah-agent\b/, `"${process.execPath}" "${agentBin}"`)
      .replace("127.0.0.1:15020", address);
    const PATH = process.env["PATH"] ?? "";
    const env = { PATH, KASBAH_STATUS_ADDRESS: address, KASBAH_SDS_SOCKET: pod.socket };
    return new Promise<Ended>((resolve) => {
      execFile("/bin/sh", ["-c", command], { env, timeout: 60_000 }, (error, out, err) => {
        resolve({
          exitCode: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
          out,
          err,
        });
      });
    });
  };

  const waiting = lineOf("agent-status.md", /^kasbah-agent wait/);

  it("wait blocks until the first secret; then wait, status and the status port succeed", async () => {
    const agent = start();
    const waited = await run(waiting, agent);
    assert.deepEqual([waited.exitCode, waited.err], [0, ""]);
    const status = await run(lineOf("agent-status.md", /^kasbah-agent status$/), agent);
    assert.equal(status.exitCode, 0, status.err);
    assert.ok(status.out.includes(lonelySpiffeId));
    const json = JSON.parse(
      (await run(lineOf("agent-status.md", /^kasbah-agent status --json$/), agent)).out,
    );
    assert.equal(json.certificate.spiffeId, lonelySpiffeId);
    assert.deepEqual(
      JSON.parse((await run(lineOf("agent-status.md", /^curl .*ready$/), agent)).out).ready,
      true,
    );
    const debug = await run(lineOf("agent-status.md", /^curl .*secrets$/), agent);
    assert.equal(JSON.parse(debug.out).certificate.serial, json.certificate.serial);
    assert.doesNotMatch(debug.out, /PRIVATE/);
  });

  it("wait and status report the reason if no CA is running", async () => {
    await ca.close();
    const agent = start();
    await agent.says("CA_UNREACHABLE");
    const waited = await run(waiting.replace("60s", "1s"), agent);
    assert.equal(waited.exitCode, 1);
    assert.match(waited.err, /no secret yet; CA_UNREACHABLE/);
    const status = await run(lineOf("agent-status.md", /^kasbah-agent status$/), agent);
    assert.equal(status.exitCode, 1);
    assert.match(status.out, /last failure +CA_UNREACHABLE/);
    ca = await startFakeCa({ now: () => systemClock.now() });
  });

  it("status --json prints exactly the fields that docs/agent-status.md lists", async () => {
    const agent = start();
    await run(waiting, agent);
    const { out } = await run(lineOf("agent-status.md", /^kasbah-agent status --json$/), agent);
    const [, rest = ""] = page("agent-status.md").split("field of `/debug/secrets`");
    const [table = ""] = rest.split("\n\n");
    const listed = [...table.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, names = ""]) =>
      names.split(", ").map((name) => name.replaceAll("`", "")),
    );
    const optional = ["lastFailure", "gateway"];
    assert.deepEqual([...Object.keys(JSON.parse(out)), ...optional].toSorted(), listed.toSorted());
  });

  it("row 36: a suspended agent does not answer; once resumed it counts the pause and serves again", async () => {
    const agent = start();
    await run(waiting, agent);
    agent.child.kill("SIGSTOP");
    const status = await run("kasbah-agent status", agent);
    assert.equal(status.exitCode, 1);
    assert.match(status.err, /no answer within 2 s/);
    agent.child.kill("SIGCONT");
    await agent.until("it counts the pause", async () =>
      /event_loop_stalls [1-9]/.test((await run(scrape, agent)).out),
    );
    assert.equal((await run("kasbah-agent status", agent)).exitCode, 0);
  });

  it("--workload-socket serves the Workload API at its path and with its mode", async () => {
    const agent = start({ "--workload-socket-mode": "0660" });
    await run(waiting, agent);
    assert.ok(existsSync(workloadSocket()));
    const { out } = await run(`stat -c %a ${workloadSocket()}`, agent);
    assert.equal(out.trim(), "660");
    assert.match(
      lineOf("workload-api.md", /^kasbah-agent --workload-socket /),
      /^kasbah-agent --workload-socket \/\S+$/,
    );
    assert.match((await run(scrape, agent)).out, /^kasbah_agent_workload_streams 0$/m);
  });
});

const scrape = "curl -s http://127.0.0.1:15020/stats/prometheus";

function page(name: string): string {
  return readFileSync(join(repositoryRoot, "docs", name), "utf8");
}

/** The first line of the page's shell blocks that matches. */
function lineOf(name: string, pattern: RegExp): string {
  const lines = [...page(name).matchAll(/```(?:sh|console).*\n([\s\S]*?)```/g)].flatMap(([, block = ""]) =>
    block.split("\n"),
  );
  return (
    lines.find((line) => pattern.test(line)) ?? assert.fail(`${name} has no line that matches ${pattern}`)
  );
}
