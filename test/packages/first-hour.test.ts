import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemClock } from "@kasbah/runtime";
import { eventually, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { provideFloorNode } from "../../scripts/release/floor-node.ts";
import { npmOn } from "../../scripts/release/npm.ts";
import { packRelease } from "../../scripts/release/pack.ts";
import { stageRelease } from "../../scripts/release/stage.ts";
import { installRelease } from "../../scripts/release/trial.ts";
import { setUpTimeoutMs, testEnvoy } from "../harness/envoy.ts";
import { LoggedProcess } from "../harness/logged-process.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import { npmCli } from "./npm-cli.ts";
import { itemsOf, missingLines, type PageCommand } from "./page-commands.ts";

/** What the issue promises: from the installed commands to the first answer by mTLS. */
const firstAnswerMs = 60_000;
const mostCommands = 3;

describe("the first hour with docs/laptop.md", function () {
  this.timeout(suiteTimeoutMs);
  let folder: TemporaryDirectory;
  let env: Readonly<Record<string, string>>;
  const running: LoggedProcess[] = [];

  before(async function () {
    this.timeout(setUpTimeoutMs);
    folder = await temporaryDirectory();
    await mkdir(folder.join("project"));
    env = await installedCommands(folder);
  });
  after(async () => {
    await run("kasbah dev down --purge");
    for (const each of running) await each.stop();
    await folder.remove();
  });

  const project = () => folder.join("project");

  function run(text: string): Promise<{ readonly code: number; readonly output: string }> {
    return new Promise((resolve) => {
      const options = { cwd: project(), env, timeout: 60_000 };
      execFile("bash", ["-c", text], options, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), output: `${stdout}${stderr}` });
      });
    });
  }

  /** A terminal of its own: the process group gets what the reader types. */
  function startInTerminal(text: string): void {
    const command = ["env", `--chdir=${project()}`, "bash", "-c", `exec ${text}`];
    running.push(new LoggedProcess({ title: text, command, env }));
  }

  /** Runs a command as its reader does, who tries again if a program is not up yet. */
  async function runAsShown(command: PageCommand): Promise<void> {
    const give = systemClock.monotonicMs() + firstAnswerMs;
    for (;;) {
      const { code, output } = await run(command.text);
      const missing = missingLines(command, output);
      if (code === command.exits && missing.length === 0) return;
      const isLate = systemClock.monotonicMs() > give || !command.text.startsWith("curl ");
      const logs = running.map(({ log }) => log.slice(-1500)).join("\n---\n");
      if (isLate) assert.fail(`${command.text}: exit code ${code}\n${output}\nmissing ${missing}\n${logs}`);
      await systemClock.sleep(200);
    }
  }

  it("connects two programs of Python by mTLS in three commands and a minute, refuses others, and cleans up", async () => {
    const startedAt = systemClock.monotonicMs();
    let commands = 0;
    let answered = false;
    for (const item of itemsOf("docs/laptop.md")) {
      if ("file" in item) {
        await writeFile(join(project(), item.file), item.text);
        continue;
      }
      commands += 1;
      if (item.staysRunning) startInTerminal(item.text);
      else await runAsShown(item);
      if (answered || !item.text.startsWith("curl ")) continue;
      answered = true;
      assert.ok(commands <= mostCommands, `${commands} commands`);
      const elapsedMs = systemClock.monotonicMs() - startedAt;
      assert.ok(elapsedMs <= firstAnswerMs, `the first answer came after ${elapsedMs} ms`);
    }
    assert.ok(commands >= 12, `the page shows only ${commands} commands`);
    assert.match(running[0]?.log ?? "", /^api +\| .*"GET \/ HTTP\/1\.1" 200/m);
    assert.equal(existsSync(join(project(), ".kasbah")), false);
    await eventually(() => processesIn(folder.path).length <= 1);
  });

  it("fails if the output of a command is not what the page shows", () => {
    const [first] = itemsOf("docs/laptop.md").filter((item) => "shown" in item && item.shown.length > 2);
    assert.ok(first !== undefined && "shown" in first);
    assert.deepEqual(missingLines(first, first.shown.join("\n")), []);
    assert.equal(missingLines(first, "").length, first.shown.filter((line) => line !== "…").length);
  });
});

/**
 * The environment of a reader who has installed the package into an empty folder, with the oldest supported Node.
 * `KASBAH_COMMANDS` names a folder with the commands of another installation.
 */
async function installedCommands(folder: TemporaryDirectory): Promise<Readonly<Record<string, string>>> {
  const others = process.env["PATH"] ?? "";
  const own = { HOME: folder.join("home"), ENVOY_BIN: await testEnvoy() };
  await mkdir(own.HOME);
  const given = process.env["KASBAH_COMMANDS"];
  if (given) return { ...own, PATH: `${given}:${others}` };
  const npm = npmOn(process.execPath, npmCli());
  const node = await provideFloorNode(npm, process.env["KASBAH_FLOOR_NODE"]);
  await stageRelease(folder.join("stage"), {});
  const { path: tarball } = await packRelease(npm, folder.join("stage"), folder.join("out"));
  const plan = { folder: folder.join("installation"), node, npmCli: npmCli(), tarball };
  const { binOf } = await installRelease(plan);
  return { ...own, PATH: `${dirname(binOf("kasbah"))}:${dirname(node)}:${others}` };
}

/** The processes whose command line names the folder; the Python server of the page is one of the test's own. */
function processesIn(path: string): readonly string[] {
  const lines = execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line.includes(path) && !line.includes("mocha"));
}
