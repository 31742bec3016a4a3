import assert from "node:assert/strict";
import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath, pathToFileURL } from "node:url";

const packageRoot = fileURLToPath(new URL("..", import.meta.url));

/** Makes Node report an older version; the process that the launcher starts reports the real one. */
const pretendOld = `data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})`;

describe("launch", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kasbah-launch-"));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  /** Writes a command that calls the launcher and then runs `main`. */
  function command(main: string, launcher = join(packageRoot, "launch.js")): string {
    writeFileSync(join(folder, "main.mjs"), main);
    const bin = join(folder, "command.mjs");
    writeFileSync(
      bin,
      `import { launch } from ${JSON.stringify(pathToFileURL(launcher).href)};\n` +
        `await launch(new URL("main.mjs", import.meta.url));\n`,
    );
    return bin;
  }

  function run(bin: string, options: { old: boolean }): ChildProcessByStdio<null, Readable, Readable> {
    const preload = options.old ? ["--import", pretendOld] : [];
    return spawn(process.execPath, [...preload, bin, "one", "two"], { stdio: ["ignore", "pipe", "pipe"] });
  }

  async function outcome(child: ChildProcessByStdio<null, Readable, Readable>) {
    const ended = once(child, "exit");
    const [out, err] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
    const [code, signal]: [number | null, NodeJS.Signals | null] = (await ended) as [never, never];
    return { out, err, code, signal };
  }

  it("fails with one sentence if this Node is too old and none is pinned", async () => {
    const lonely = join(folder, "lonely");
    mkdirSync(lonely);
    for (const file of ["launch.js", "ancestors.js", "package.json"])
      cpSync(join(packageRoot, file), join(lonely, file));
    const bin = command("throw new Error('must not run')", join(lonely, "launch.js"));
    const { code, err } = await outcome(run(bin, { old: true }));
    assert.equal(code, 2);
    assert.match(err, /^command\.mjs requires Node 24\.18\.1 or newer, but this is 20\.20\.2: [^\n]+\n$/);
  });

  it("never runs a Node from npm that is too old as well", async () => {
    const name = `node-${process.platform}-${process.arch}`;
    const [lonely, other] = [join(folder, "lonely"), join(folder, "lonely/node_modules", name)];
    mkdirSync(join(other, "bin"), { recursive: true });
    writeFileSync(join(other, "package.json"), JSON.stringify({ name, version: "24.18.0" }));
    writeFileSync(join(other, "bin/node"), "#!/bin/sh\necho started\n", { mode: 0o755 });
    for (const file of ["launch.js", "ancestors.js", "package.json"])
      cpSync(join(packageRoot, file), join(lonely, file));
    const bin = command("throw new Error('must not run')", join(lonely, "launch.js"));
    const { code, out, err } = await outcome(run(bin, { old: true }));
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /requires Node 24\.18\.1 or newer/);
  });

  it("runs the command again on the pinned Node if this one is too old, with the same arguments and exit code", async () => {
    const bin = command("console.log(process.versions.node, process.argv.slice(2).join()); process.exit(7);");
    const { code, out } = await outcome(run(bin, { old: true }));
    const pinned = execFileSync(join(packageRoot, "../../node_modules/.bin/node"), [
      "-p",
      "process.versions.node",
    ]);
    assert.equal(out, `${pinned.toString().trim()} one,two\n`);
    assert.equal(code, 7);
  });

  it("forwards a signal, and exits as the command does", async () => {
    const bin = command(
      "process.on('SIGTERM', () => process.exit(3)); console.log('ready'); setInterval(() => {}, 1000);",
    );
    const child = run(bin, { old: true });
    child.stdout.once("data", () => child.kill("SIGTERM"));
    assert.equal((await outcome(child)).code, 3);
  });

  it("exits by the signal that ended the command", async () => {
    const child = run(command("process.kill(process.pid, 'SIGKILL');"), { old: true });
    assert.equal((await outcome(child)).signal, "SIGKILL");
  });

  it("stays in the same process on a supported Node", async () => {
    const child = run(command("console.log(process.pid);"), { old: false });
    assert.equal((await outcome(child)).out, `${child.pid}\n`);
  });

  describe("with options that Node takes only at its start", () => {
    const report = `
      import { getHeapStatistics } from "node:v8";
      const limit = Math.round(getHeapStatistics().heap_size_limit / 1024 ** 2);
      console.log(process.pid, limit < 200, process.env.ARENAS, process.argv.slice(2).join());`;
    const wanted = `{ nodeOptions: ["--max-old-space-size=100", "--max-semi-space-size=1"], env: { ARENAS: "1" } }`;
    const start = (env: Record<string, string>, ...options: string[]) => {
      const bin = command(report);
      writeFileSync(
        bin,
        readFileSync(bin, "utf8").replace("import.meta.url));", `import.meta.url), ${wanted});`),
      );
      return spawn(process.execPath, [...options, bin, "one", "--two"], {
        stdio: ["ignore", "pipe", "pipe"],
        env,
      });
    };

    it("replaces the process once, and keeps its ID and its arguments", async () => {
      const child = start({});
      const { out, err } = await outcome(child);
      assert.deepEqual([out, err], [`${child.pid} true 1 one,--two\n`, ""]);
    });

    it("leaves an option as it is if an operator has set it in NODE_OPTIONS", async () => {
      for (const option of ["--max-old-space-size=300", "--max_old_space_size=300"]) {
        const child = start({ NODE_OPTIONS: option });
        assert.equal((await outcome(child)).out, `${child.pid} false 1 one,--two\n`);
      }
    });

    it("leaves a variable as it is if an operator has set it", async () => {
      const child = start({ ARENAS: "4" });
      assert.equal((await outcome(child)).out, `${child.pid} true 4 one,--two\n`);
    });

    it("runs without the options if Node may start no process", async () => {
      const child = start({}, "--permission", "--allow-fs-read=*", "--allow-fs-write=*");
      assert.equal((await outcome(child)).out, `${child.pid} false undefined one,--two\n`);
    });
  });

  it("keeps the memory of the command out of core dumps, in this process and in the one that it starts", async () => {
    const bin = command(
      "import { readFileSync } from 'node:fs'; console.log(readFileSync('/proc/self/coredump_filter', 'utf8').trim());",
    );
    for (const old of [false, true]) {
      const { out, code } = await outcome(run(bin, { old }));
      assert.deepEqual([code, Number.parseInt(out, 16)], [0, 0]);
    }
  });

  it("opens no debugger on SIGUSR1", async () => {
    const bin = command("console.log('ready'); setTimeout(() => process.exit(0), 300);");
    const child = run(bin, { old: false });
    child.stdout.once("data", () => child.kill("SIGUSR1"));
    const { code, err } = await outcome(child);
    assert.equal(code, 0);
    assert.doesNotMatch(err, /Debugger listening/);
  });
});

async function textOf(stream: Readable): Promise<string> {
  return (await stream.setEncoding("utf8").toArray()).join("");
}
