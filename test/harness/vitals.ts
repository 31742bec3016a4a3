import { readdir, readFile } from "node:fs/promises";

/** Figures that the kernel reports for a process. */
export interface Vitals {
  readonly rssMiB: number;
  /** The highest RSS so far. */
  readonly peakMiB: number;
  readonly fds: number;
  /** CPU time in user and kernel mode. */
  readonly cpuMs: number;
}

/** `USER_HZ` is 100 on every Linux that Node.js supports. */
const msPerTick = 10;

/** Rejects if the process no longer exists. */
export async function vitalsOf(pid: number): Promise<Vitals> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The second field is the program's name in parentheses and may contain spaces; utime and stime are fields
  // 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    rssMiB: mebibytes(status, "VmRSS"),
    peakMiB: mebibytes(status, "VmHWM"),
    fds: (await readdir(`/proc/${pid}/fd`)).length,
    cpuMs: (Number(fields[11]) + Number(fields[12])) * msPerTick,
  };
}

function mebibytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024;
}
