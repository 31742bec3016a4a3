import { readFileSync } from "node:fs";

/** A process, and its parent at the time of observation. */
export interface Lineage {
  readonly pid: number;
  readonly parent: number;
}

const furthest = 4;

/**
 * The chain from `pid` up to npm, including the shell and the launcher in between. If npm is not an ancestor
 * or `/proc` is missing, only the link to the direct parent.
 */
export function lineageToNpm(pid: number, parent: number): readonly Lineage[] {
  const lines: Lineage[] = [{ pid, parent }];
  for (let above: number | undefined = parent; above !== undefined && lines.length <= furthest; ) {
    if (readProcess(above, "comm")?.startsWith("npm")) return lines;
    const next = parentOf(above);
    if (next !== undefined) lines.push({ pid: above, parent: next });
    above = next;
  }
  return lines.slice(0, 1);
}

/** True while every ancestor in the chain is alive: the kernel gives orphans another parent. */
export function isUnbroken(lines: readonly Lineage[], ownParent: number): boolean {
  return lines.every(({ pid, parent }, i) => (i === 0 ? ownParent : parentOf(pid)) === parent);
}

function parentOf(pid: number): number | undefined {
  const status = readProcess(pid, "status");
  const [, parent] = /^PPid:\s+(\d+)$/m.exec(status ?? "") ?? [];
  return parent === undefined || parent === "0" ? undefined : Number(parent);
}

function readProcess(pid: number, file: "comm" | "status"): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}
