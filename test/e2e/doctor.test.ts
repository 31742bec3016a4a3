import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { formatHostPort, systemClock } from "@kasbah/runtime";
import { createTestAuthority, type FakeCa, FakeRefusal, startFakeCa } from "@kasbah/testkit";
import { LoggedProcess } from "../harness/logged-process.ts";
import { Pod } from "../harness/pod.ts";
import { agentBin } from "../harness/repository.ts";

const run = promisify(execFile);

interface Finding {
  readonly level: string;
  readonly code: string;
  readonly what: string;
  readonly fix: string;
}

describe("kasbah-agent doctor beside a running agent", function () {
  this.timeout(60_000);
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

  const flagsOf = async () => ({
    "--ca-address": formatHostPort(ca.address),
    "--ca-root": pod.rootPath,
    "--token-file": pod.token.join("token"),
    "--sds-socket": pod.socket,
    "--status-address": await pod.agent.statusAddress(),
    "--envoy-admin": "127.0.0.1:1",
  });

  async function findings(more: readonly string[] = []): Promise<readonly Finding[]> {
    const flags = Object.entries(await flagsOf()).flat();
    const command = [process.execPath, agentBin, "doctor", "--json", ...flags, ...more];
    const doctor = new LoggedProcess({ title: "kasbah-agent doctor", command });
    await doctor.exited;
    return JSON.parse(doctor.log).findings;
  }

  const codes = (found: readonly Finding[]) => found.map(({ code }) => code);

  it("finds nothing wrong, and requests a certificate only with --try", async () => {
    await pod.start().untilReady();
    assert.deepEqual(await findings(), []);
    assert.equal(ca.calls.length, 1);
    assert.deepEqual(await findings(["--try"]), []);
    assert.equal(ca.calls.length, 2);
  });

  it("warns that the root file is old while the agent still works with the root that it learned", async () => {
    await pod.start().untilReady();
    await writeFile(pod.rootPath, (await createTestAuthority("Old root")).rootPem);
    const [finding, ...more] = await findings();
    assert.deepEqual(more, []);
    assert.deepEqual([finding?.level, finding?.code], ["warning", "ROOT_FILE_OLD"]);
    assert.match(finding?.what ?? "", /would not trust the CA after a restart: .*O=Old root/);
  });

  it("reports the agent's last failure once, without a request of its own", async () => {
    ca.answer = () => {
      throw new FakeRefusal({ code: 7, message: "not today" });
    };
    pod.start();
    await pod.agent.until("a failure", async () =>
      (await pod.agent.status("/debug/secrets")).includes("not today"),
    );
    const calls = ca.calls.length;
    const found = await findings();
    assert.deepEqual(codes(found), ["CA_REFUSED"]);
    assert.match(found[0]?.what ?? "", /last attempt failed \(\d+ in a row\): .*not today/);
    assert.equal(ca.calls.length, calls);
  });

  it("names the owner and the mode of a socket that another user may not open", async function () {
    if (process.getuid?.() !== 0) this.skip();
    await pod.start().untilReady();
    for (const path of [dirname(pod.socket), pod.path(), pod.token.join("."), pod.rootPath])
      await chmod(path, path === pod.rootPath ? 0o644 : 0o755);
    const flags = Object.entries(await flagsOf()).flat();
    const options = { uid: 65_534, gid: 65_534, encoding: "utf8" } as const;
    const program = [agentBin, "doctor", "--json", ...flags];
    const { stdout } = await run(process.execPath, program, options).catch(
      (failed: { stdout: string }) => failed,
    );
    const found: readonly Finding[] = JSON.parse(stdout).findings;
    const socket = found.find(({ code }) => code === "SOCKET_FORBIDDEN");
    assert.match(
      socket?.what ?? "",
      /belongs to uid 0, gid 0 with mode 0600, and this process, with uid 65534/,
    );
    assert.match(socket?.fix ?? "", /--sds-socket-mode 0660/);
  });

  it("tells a socket that a killed agent left from an agent that does not run", async () => {
    await pod.start().untilReady();
    const status = await pod.agent.statusAddress();
    await pod.agent.kill();
    const flags = { ...(await flagsOf()), "--status-address": status };
    const command = [process.execPath, agentBin, "doctor", "--json", ...Object.entries(flags).flat()];
    const doctor = new LoggedProcess({ title: "kasbah-agent doctor", command });
    await doctor.exited;
    const found: readonly Finding[] = JSON.parse(doctor.log).findings;
    assert.deepEqual(codes(found), ["AGENT_NOT_RUNNING"]);
    assert.match(found[0]?.what ?? "", /no process listens on the SDS socket .* \(ECONNREFUSED\)/);
  });
});
