// The syntax is limited to what Node 20 parses, because launch.js imports this file.
import { readFileSync } from "node:fs";

/** npm, the shell that it starts, and the launcher. */
const furthest = 4;

/**
 * The chain from `pid` up to npm, including the shell and the launcher in between: each process, and its parent
 * at the time of observation. Empty if npm is not an ancestor or `/proc` is missing.
 */
export function lineageToNpm(pid, parent) {
  const lines = [{ pid, parent }];
  for (let above = parent; above !== undefined && lines.length <= furthest; ) {
    if (readProcess(above, "comm")?.startsWith("npm")) return lines;
    const next = parentOf(above);
    if (next !== undefined) lines.push({ pid: above, parent: next });
    above = next;
  }
  return [];
}

/** True while every ancestor in the chain is alive: the kernel gives orphans another parent. */
export function isUnbroken(lines, ownParent) {
  return lines.every(({ pid, parent }, i) => (i === 0 ? ownParent : parentOf(pid)) === parent);
}

function parentOf(pid) {
  const status = readProcess(pid, "status");
  const [, parent] = /^PPid:\s+(\d+)$/m.exec(status ?? "") ?? [];
  return parent === undefined || parent === "0" ? undefined : Number(parent);
}

function readProcess(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}
