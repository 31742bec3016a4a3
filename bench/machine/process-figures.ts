import { readdirSync, readFileSync } from "node:fs";

/** The CPU seconds that a process has used so far, in nanosecond resolution, summed over its current threads (Linux). */
export function threadSecondsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const spent = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8"));
  return spent.reduce((sum, text) => sum + Number(text.split(" ", 1)[0]), 0) / 1e9;
}

/** The process and all of its descendants. */
export function processTree(pid: number): readonly number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  const children = threads.flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(processTree)];
}

/** {@link threadSecondsOf} of the process and all of its descendants. */
export function treeSecondsOf(pid: number): number {
  return processTree(pid).reduce((sum, each) => sum + threadSecondsOf(each), 0);
}

/** The highest resident memory so far, in MiB, of the process and all of its descendants. */
export function peakMibOf(pid: number): number {
  const peakKib = (each: number) =>
    Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${each}/status`, "utf8"))?.[1]);
  return processTree(pid).reduce((sum, each) => sum + peakKib(each), 0) / 1024;
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
