// Ends the child processes of the `kasbah` command and removes its directory, even after SIGKILL: end-of-file
// on stdin means that the command has exited. Lines are JSON: {"watch": pid}, {"watchTree": pid}, {"forget": pid},
// {"remove": folder}, {"keep": folder}. Plain JavaScript, because it must run before the first child.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const graceMs = 3000;
const pids = new Set();
const trees = new Set();
const folders = new Set();

// Only end-of-file on stdin ends the reaper: the command itself handles Ctrl-C and hang-ups.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});

for await (const line of createInterface({ input: process.stdin })) {
  const { watch, watchTree, forget, remove, keep } = JSON.parse(line);
  if (watch) pids.add(watch);
  if (watchTree) trees.add(watchTree);
  if (forget) {
    pids.delete(forget);
    trees.delete(forget);
  }
  if (remove) folders.add(remove);
  if (keep) folders.delete(keep);
}

const members = trees.size > 0 ? membersOf(trees) : [];
const all = [...[...pids].map((pid) => -pid), ...members];
for (const target of all) send(target, "SIGTERM");
for (let waitedMs = 0; waitedMs < graceMs && all.some((target) => send(target, 0)); waitedMs += 50)
  await sleep(50);
for (const target of all) send(target, "SIGKILL");
for (const folder of folders)
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });

// A child that leads a process group (a negative target) ends with its own children.
function send(target, signal) {
  try {
    process.kill(target, signal);
    return true;
  } catch {
    return false;
  }
}

// A program in the foreground of a terminal leads no group, so its descendants are looked up.
function membersOf(roots) {
  const found = new Set(roots);
  const parents = parentsOfAll();
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

function parentsOfAll() {
  if (process.platform !== "linux") {
    const lines = execFileSync("ps", ["-axo", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
    return lines.map((line) => line.trim().split(/\s+/).map(Number));
  }
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => [Number(pid), parentOnLinux(pid)]);
}

function parentOnLinux(pid) {
  try {
    // The name of the program, in parentheses, may contain spaces and parentheses.
    const [, parent] = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1).split(" ");
    return Number(parent);
  } catch {
    return 0;
  }
}
