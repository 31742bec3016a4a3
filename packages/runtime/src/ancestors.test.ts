import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { eventually } from "@kasbah/testkit";

interface Lineage {
  readonly pid: number;
  readonly parent: number;
}

// Plain JavaScript, because the launcher imports it before a supported Node runs.
const ancestors = await import(new URL("../ancestors.js", import.meta.url).href);
const lineageToNpm: (pid: number, parent: number) => readonly Lineage[] = ancestors.lineageToNpm;
const isUnbroken: (lines: readonly Lineage[], ownParent: number) => boolean = ancestors.isUnbroken;

/**
 * Starts a process with the given title, with a shell and a sleeping process below it. Returns the three
 * pids.
 */
async function startTree(title: string) {
  const program = `
    process.title = ${JSON.stringify(title)};
    const { spawn } = require("node:child_process");
    const shell = spawn("sh", ["-c", "sleep 30 & echo $!; wait"], { stdio: ["ignore", "pipe", "ignore"] });
    shell.stdout.once("data", (line) => console.log(shell.pid + " " + line));`;
  const top = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: top.stdout }), "line");
  const [shell = 0, sleeper = 0] = String(line).split(" ").map(Number);
  return { top, shell, sleeper };
}

describe("lineageToNpm", () => {
  before(function () {
    if (!existsSync("/proc/self/status")) this.skip();
  });

  it("breaks the lineage when npm dies above the shell", async () => {
    const { top, shell, sleeper } = await startTree("npm start");
    const lines = lineageToNpm(sleeper, shell);
    assert.deepEqual(lines, [
      { pid: sleeper, parent: shell },
      { pid: shell, parent: top.pid },
    ]);
    assert.equal(isUnbroken(lines, shell), true);
    top.kill("SIGKILL");
    await once(top, "exit");
    await eventually(() => !isUnbroken(lines, shell));
    process.kill(sleeper, "SIGKILL");
  });

  it("finds no lineage if npm is not an ancestor, so that a parent that exits stops nothing", async () => {
    // As far from npm as the lineage looks, even if npm runs this test.
    const { top, shell, sleeper } = await startTree("something else");
    assert.equal(lineageToNpm(sleeper, shell).at(-1)?.parent === top.pid, false);
    top.kill("SIGKILL");
    process.kill(sleeper, "SIGKILL");
  });

  it("breaks the lineage when the parent has changed", () => {
    assert.equal(isUnbroken([{ pid: process.pid, parent: process.ppid }], 1_000_000), false);
  });
});
