import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "@kasbah/testkit";
import { DevProject, freePorts } from "../harness/dev-project.ts";
import { setUpTimeoutMs, testEnvoy } from "../harness/envoy.ts";
import { LoggedProcess } from "../harness/logged-process.ts";
import { suiteTimeoutMs } from "../harness/until.ts";

/** Runs its arguments on a terminal of their own, answers a question, and then types a key or kills the command. */
const onTerminal = `
import os, pty, select, signal, sys
act, *command = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0: os.execvp(command[0], command)
shown = b""
def until(text):
    global shown
    while text not in shown:
        try: part = os.read(terminal, 4096)
        except OSError: break
        if not part: break
        shown += part
until(b"name? ")
os.write(terminal, b"joe\\n")
until(b"hello joe")
if act == "ctrl-c": os.write(terminal, b"\\x03")
if act == "kill": os.kill(pid, signal.SIGKILL)
if act == "end": os.write(terminal, b"\\n")
until(b"nothing more")
status = os.waitpid(pid, 0)[1]
print(shown.decode())
print("exit code", os.waitstatus_to_exitcode(status))
`;

describe("the lifetime of kasbah dev", function () {
  this.timeout(suiteTimeoutMs);
  let envoyPath: string;

  before(async function () {
    this.timeout(setUpTimeoutMs);
    envoyPath = await testEnvoy();
  });

  const rootOf = (project: DevProject) => {
    const file = readFileSync(join(project.folder, ".kasbah/ca/public/root-cert.pem"));
    return createHash("sha256").update(new X509Certificate(file).raw).digest("hex");
  };

  it("gives two projects two CAs, continues with the same root after the CA was killed, and stops only its own", async () => {
    await using first = await DevProject.create(envoyPath);
    await using second = await DevProject.create(envoyPath);
    const ups = await Promise.all([first.dev("up"), second.dev("up"), second.dev("up")]);
    assert.deepEqual(
      ups.map(({ code }) => code),
      [0, 0, 0],
    );
    const [one, other] = [first.document().ca, second.document().ca];
    assert.notEqual(one.grpcAddress.port, other.grpcAddress.port);
    assert.notEqual(rootOf(first), rootOf(second));
    assert.equal(second.processes().length, 1);

    const root = rootOf(first);
    process.kill(one.pid, "SIGKILL");
    await eventually(() => first.processes().length === 0);
    const refused = await first.dev("cert", "demo/web", "--out", "certs");
    assert.equal(refused.code, 1);
    assert.match(refused.output, /is not running: start it with kasbah dev up \(DEV_CA_STOPPED\)\n$/);
    assert.match((await first.dev("up")).output, /^CA started: /);
    assert.equal(rootOf(first), root);
    assert.match((await first.dev("up")).output, /^CA already runs: /);

    assert.equal((await first.dev("down")).output, "stopped the CA\n");
    assert.equal((await first.dev("down")).output, "the CA was not running\n");
    assert.equal(second.processes().length, 1);
    assert.match((await second.dev("down", "--purge")).output, /^stopped the CA\ndeleted .*\.kasbah\n$/);
    assert.equal(existsSync(join(second.folder, ".kasbah")), false);
    assert.match((await second.dev("down")).output, /^nothing to stop: /);
  });

  it("starts one CA for ten commands at once", async () => {
    await using project = await DevProject.create(envoyPath);
    const ups = await Promise.all(Array.from({ length: 10 }, () => project.dev("up")));
    const started = ups.filter(({ output }) => output.startsWith("CA started"));
    assert.deepEqual(
      [started.length, new Set(ups.map(({ code }) => code)).size],
      [1, 1],
      String(ups[0]?.output),
    );
    assert.equal(project.processes().length, 1);
  });

  for (const [act, expected] of [
    // Ctrl-C reaches the program at once, and SIGTERM follows if it takes long to end.
    ["ctrl-c", /exit code (130|143)\n$/],
    ["end", /exit code 0\n$/],
    ["kill", /exit code -9\n$/],
  ] as const) {
    it(`lets the program read the terminal, and leaves nothing behind: ${act}`, async () => {
      await using project = await DevProject.create(envoyPath);
      await project.dev("up");
      const [door = 0, app = 0] = await freePorts(2);
      const script = join(project.folder, "terminal.py");
      writeFileSync(script, onTerminal);
      const ask = `${process.execPath} -e 'setInterval(() => {}, 1000)' ${project.folder}/left & python3 -c 'print("hello", input("name? ")); input()'`;
      const dev = project.command(
        "run",
        "--as",
        "demo/web",
        "--listen",
        `${door}:${app}`,
        "--",
        "sh",
        "-c",
        ask,
      );
      const command: readonly string[] = ["python3", script, act, ...dev];
      await using terminal = new LoggedProcess({ title: "a terminal", command, env: project.env });
      await terminal.exited;
      assert.match(terminal.log, /hello joe/);
      assert.match(terminal.log, expected);
      // The CA is the only process that stays.
      await eventually(() => project.processes().length === 1);
    });
  }
});
