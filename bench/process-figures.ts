import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** The CPU seconds that a process has used so far (Linux). */
export function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/**
 * The same in nanosecond resolution, summed over the current threads: for work too small to measure in ticks.
 */
export function threadSecondsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const spent = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8"));
  return spent.reduce((sum, text) => sum + Number(text.split(" ", 1)[0]), 0) / 1e9;
}

export interface Memory {
  readonly rssMib: number;
  readonly anonymousMib: number;
  /** Proportional set size: each process is charged its share of shared pages. */
  readonly pssMib: number;
}

/** The resident, anonymous and proportional memory of a process (Linux). */
export function memoryOf(pid: number): Memory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const mib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(rollup)?.[1]) / 1024;
  return { rssMib: mib("Rss"), anonymousMib: mib("Anonymous"), pssMib: mib("Pss") };
}
