import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** The CPU time that a process and its descendants have used so far, including that of ended threads (Linux). */
export function cpuSecondsOfAll(pid: number): number {
  return descendantsOf(pid).reduce((sum, each) => sum + ticksOf(each), 0) / ticksPerSecond;
}

/** The highest resident memory so far of a process and its descendants together. */
export function peakMemoryMib(pid: number): number {
  const peakKib = (each: number) =>
    Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${each}/status`, "utf8"))?.[1]);
  return descendantsOf(pid).reduce((sum, each) => sum + peakKib(each), 0) / 1024;
}

function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

function descendantsOf(pid: number): readonly number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(descendantsOf)];
}
