import { readFile } from "node:fs/promises";
import type { RunningCa } from "./ca-process.ts";

/** The processes that the CA has started and that still run. */
export async function workerPids({ pid }: Pick<RunningCa, "pid">): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}

/** Whether a process runs; one that has exited and waits for its parent does not. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !/\) [ZX] /.test(stat);
}
