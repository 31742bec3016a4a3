// Ends the child processes of the `kasbah` command and removes its directory, even after SIGKILL: end-of-file
// on stdin means that the command has exited. Lines are JSON: {"watch": pid}, {"watchTree": pid}, {"forget": pid},
// {"remove": folder}, {"keep": folder}. Plain JavaScript, because it must run before the first child.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const graceMs = 3000;
const pids = new Set();
const trees = new Map();
const folders = new Set();

// Only end-of-file on stdin ends the reaper: the command itself handles Ctrl-C and hang-ups.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});

for await (const line of createInterface({ input: process.stdin })) {
  const { watch, watchTree, forget, remove, keep } = JSON.parse(line);
  if (watch) pids.add(watch);
  if (watchTree) trees.set(watchTree, ownGroupOf(watchTree));
  if (forget) pids.delete(forget);
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

// A program in the foreground of a terminal leads no group: it shares that of the command. If the command leads it, as
// in an interactive shell, the members belong to the program, except for the other programs of a pipeline.
function ownGroupOf(pid) {
  const processes = allProcesses();
  const program = processes.find((one) => one.pid === pid);
  const command = processes.find((one) => one.pid === program?.parent);
  if (command === undefined || program.group !== command.pid) return { startedAt: program?.startedAt };
  return { startedAt: program.startedAt, group: command.pid, shell: command.parent };
}

function membersOf(watched) {
  const processes = allProcesses();
  const found = new Set();
  for (const { pid, parent, group, startedAt } of processes) {
    if (watched.has(pid) && watched.get(pid).startedAt === startedAt) found.add(pid);
    const isMember = (own) => own.group === group && own.group !== pid && own.shell !== parent;
    if ([...watched.values()].some(isMember)) found.add(pid);
  }
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const { pid, parent } of processes) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

// Of each process: pid, parent, process group, and the time of its start, which differs for a later process with its pid.
function allProcesses() {
  if (process.platform === "linux")
    return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? processOnLinux(Number(name)) : []));
  const lines = execFileSync("ps", ["-axo", "pid=,ppid=,pgid=,lstart="], { encoding: "utf8" })
    .trim()
    .split("\n");
  return lines.map((line) => {
    const [pid, parent, group, ...startedAt] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), group: Number(group), startedAt: startedAt.join(" ") };
  });
}

function processOnLinux(pid) {
  try {
    // The name of the program, in parentheses, may contain spaces and parentheses.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1).split(" ");
    return [{ pid, parent: Number(fields[1]), group: Number(fields[2]), startedAt: fields[19] }];
  } catch {
    return [];
  }
}
