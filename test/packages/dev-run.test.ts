import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { eventually } from "@kasbah/testkit";
import { DevProject, freePorts } from "../harness/dev-project.ts";
import { setUpTimeoutMs, testEnvoy } from "../harness/envoy.ts";
import type { LoggedProcess } from "../harness/logged-process.ts";
import { suiteTimeoutMs } from "../harness/until.ts";

/** A program that answers with the identity of its caller, and one that only waits. */
const answers = (port: number) => [
  process.execPath,
  "-e",
  `require("http").createServer((call, reply) => reply.end("caller " + call.headers["x-forwarded-client-cert"])).listen(${port}, "localhost", () => console.log("listening"))`,
];
const waits = [process.execPath, "-e", "console.log('up'); setInterval(() => {}, 1000)"];

describe("kasbah dev run", function () {
  this.timeout(suiteTimeoutMs);
  let project: DevProject;
  let envoyPath: string;

  before(async function () {
    this.timeout(setUpTimeoutMs);
    envoyPath = await testEnvoy();
    project = await DevProject.create(envoyPath);
  });
  after(() => project[Symbol.asyncDispose]());

  async function get(port: number): Promise<string> {
    const reply = await fetch(`http://localhost:${port}/`, { signal: AbortSignal.timeout(10_000) });
    return `${reply.status} ${await reply.text()}`;
  }
  const nothingOf = (text: string) =>
    eventually(() => !project.processes().some(({ args }) => args.includes(text)));
  const nextTo = (run: LoggedProcess, program: string) =>
    project.processes().find(({ args }) => args.includes(program) && args.includes(folderOf(run)))?.pid ?? 0;
  /** Each run has one folder; only the tests below that start one run use this. */
  const folderOf = (_: LoggedProcess) => readdirSync(project.temporary)[0] ?? "none";

  it("starts one CA for two runs that begin at the same time, whose programs call each other by mTLS and learn who calls", async () => {
    const [door = 0, api = 0, other = 0, web = 0, out = 0, down = 0, gone = 0] = await freePorts(7);
    const callee = project.run("demo/api", "--listen", `${door}:${api}`, "--", ...answers(api));
    const caller = project.run(
      ...(["demo/web", "--listen", `${other}:${web}`] as const),
      ...["--upstream", `${down}=demo/api@localhost:${gone}`],
      ...["--upstream", `${out}=demo/api@localhost:${door}`, "--", ...waits],
    );
    await Promise.all([callee.says("api   | listening\n"), caller.says("web   | up\n")]);
    assert.match(await get(down), /^503 .*Connection_refused/);
    assert.match(await get(out), /^200 caller .*URI=spiffe:\/\/cluster\.local\/ns\/demo\/sa\/web$/);
    assert.equal(project.processes().filter(({ args }) => args.includes("kasbah-server.js")).length, 1);
    const { code, output } = await project.dev("status", "--json");
    assert.equal(code, 0);
    const { runs, ca } = JSON.parse(output);
    assert.deepEqual(runs.map(({ name }: { name: string }) => name).toSorted(), ["demo/api", "demo/web"]);
    assert.ok(runs.every(({ notAfter }: { notAfter: string }) => Date.parse(notAfter) > 0) && ca.running);
    assert.doesNotMatch(callee.log + caller.log, /^(agent|envoy) /m);

    callee.child.kill("SIGTERM");
    caller.child.kill("SIGKILL");
    assert.deepEqual(await callee.exited, { code: 143, signal: null });
    await nothingOf("sds.sock");
    await eventually(() => readdirSync(project.temporary).length === 0);
    const ended = JSON.parse((await project.dev("status", "--json")).output);
    assert.deepEqual([ended.runs, ended.ca.running], [[], true]);
  });

  it("refuses a peer of another name behind the port of an upstream, and carries any protocol with --protocol tcp", async () => {
    const [door = 0, app = 0, wrong = 0, right = 0] = await freePorts(4);
    const tcp = ["--protocol", "tcp"] as const;
    const echo = `require("net").createServer((socket) => socket.pipe(socket)).listen(${app}, "localhost", () => console.log("listening"))`;
    const caller = project.run(
      ...(["demo/web", ...tcp, "--upstream", `${wrong}=demo/other@localhost:${door}`] as const),
      ...["--upstream", `${right}=demo/echo@localhost:${door}`, "--", ...waits],
    );
    await caller.says("web   | up\n");
    const callee = project.run(
      "demo/echo",
      ...tcp,
      "--listen",
      `${door}:${app}`,
      "--",
      process.execPath,
      "-e",
      echo,
    );
    await callee.says("echo  | listening\n");
    assert.equal(await echoed(right), "hello");
    assert.equal(await echoed(wrong), "");
    await Promise.all([caller.stop(), callee.stop()]);
  });

  it("exits as its program does, and ends what the program has left behind", async () => {
    const [door = 0, app = 0] = await freePorts(2);
    const script = `echo one; ${process.execPath} -e 'setInterval(() => {}, 1000)' left-behind-${door} & exit 7`;
    const run = project.run("demo/job", "--listen", `${door}:${app}`, "--", "sh", "-c", script);
    assert.deepEqual(await run.exited, { code: 7, signal: null });
    assert.match(run.log, /^job {3}\| one$/m);
    await nothingOf(`left-behind-${door}`);
  });

  for (const part of ["envoy", "kasbah-agent.js"]) {
    it(`stops everything and says which part ended if ${part} is killed`, async () => {
      const [door = 0, app = 0] = await freePorts(2);
      const run = project.run("demo/web", "--listen", `${door}:${app}`, "--", ...waits);
      await run.says("web   | up\n");
      process.kill(nextTo(run, part), "SIGKILL");
      assert.deepEqual(await run.exited, { code: 1, signal: null });
      assert.match(
        run.log,
        /\nkasbah: (Envoy|the agent) ended \(signal SIGKILL\), so everything was stopped: .* \(PROCESS_FAILED\)\n$/,
      );
      await eventually(() => readdirSync(project.temporary).length === 0);
    });
  }

  it("exits at once on a second signal, and leaves no program that ignores the first", async () => {
    const [door = 0, app = 0] = await freePorts(2);
    const stubborn = `process.on("SIGTERM", () => console.log("no")); process.on("SIGINT", () => console.log("no")); console.log("up"); setInterval(() => {}, 1000, "stubborn-${door}")`;
    const run = project.run("demo/web", "--listen", `${door}:${app}`, "--", process.execPath, "-e", stubborn);
    await run.says("web   | up\n");
    run.child.kill("SIGINT");
    await run.says("web   | no\n");
    run.child.kill("SIGINT");
    assert.deepEqual(await run.exited, { code: 130, signal: null });
    await nothingOf(`stubborn-${door}`);
  });
});

/** What comes back from an echo server; nothing if the connection is closed instead. */
function echoed(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port }, () => socket.write("hello"));
    socket.once("data", (data) => {
      resolve(String(data));
      socket.destroy();
    });
    socket.once("error", () => resolve(""));
    socket.once("close", () => resolve(""));
  });
}
