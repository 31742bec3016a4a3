// Ends the child processes of the `kasbah` command and removes its directory, even after SIGKILL: end-of-file
// on stdin means that the command has exited. Lines are JSON: {"watch": pid}, {"forget": pid}, {"remove":
// folder}, {"keep": folder}. Plain JavaScript, because it must run before the first child.
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const graceMs = 3000;
const pids = new Set();
const folders = new Set();

// Only end-of-file on stdin ends the reaper: the command itself handles Ctrl-C and hang-ups.
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

// Every child leads a process group, so its own children end with it.
function send(pid, signal) {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}
