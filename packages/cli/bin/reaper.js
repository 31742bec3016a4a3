// Outlives the `kasbah` command that started it by a moment, to end its children and remove its folder: also when that
// command was killed with -9 and could do neither. Its standard input is a pipe that only the command holds open, so
// the end of input is the command's end. One JSON value per line: {"watch": pid}, {"forget": pid}, {"remove": folder},
// {"keep": folder}. Plain JavaScript that imports little, because it must be up before the first child is.
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const graceMs = 3000;
const pids = new Set();
const folders = new Set();

// It ends by the end of its input alone: a Ctrl-C or a hang-up is the command's to answer.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});

for await (const line of createInterface({ input: process.stdin })) {
  const { watch, forget, remove, keep } = JSON.parse(line);
  if (watch) pids.add(watch);
  if (forget) pids.delete(forget);
  if (remove) folders.add(remove);
  if (keep) folders.delete(keep);
}

for (const pid of pids) send(pid, "SIGTERM");
for (let waitedMs = 0; waitedMs < graceMs && [...pids].some((pid) => send(pid, 0)); waitedMs += 50)
  await sleep(50);
for (const pid of pids) send(pid, "SIGKILL");
for (const folder of folders)
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });

// Every child leads a process group, so what it started in turn ends with it.
function send(pid, signal) {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}
