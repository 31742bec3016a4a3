import { readFile } from "node:fs/promises";
import { runProgram } from "../../mesh/processes/run-program.ts";
import type { DevDeps } from "../dev-deps.ts";
import type { ProcessRecord } from "../folder/document.ts";

/**
 * Tells a process from a later one with the same pid: the boot of the machine and the time of its start. Undefined
 * if it does not run; a zombie does not run.
 */
export async function processMark(
  pid: number,
  deps: Pick<DevDeps, "platform" | "env">,
): Promise<string | undefined> {
  return deps.platform === "linux" ? await markOnLinux(pid) : await markByPs(pid, deps.env);
}

/** Whether the recorded process still runs. */
export async function isRunning(
  { pid, mark }: ProcessRecord,
  deps: Pick<DevDeps, "platform" | "env">,
): Promise<boolean> {
  return (await processMark(pid, deps)) === mark;
}

async function markOnLinux(pid: number): Promise<string | undefined> {
  try {
    const [boot, stat] = await Promise.all([
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
      readFile(`/proc/${pid}/stat`, "latin1"),
    ]);
    // proc(5): the fields after the program's name, which is in parentheses and may contain some itself.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, startedAt] = [fields[0], fields[19]];
    return state === "Z" || state === "X" ? undefined : `${boot.trim()} ${startedAt}`;
  } catch {
    return undefined;
  }
}

async function markByPs(pid: number, env: DevDeps["env"]): Promise<string | undefined> {
  const args = ["-o", "stat=,lstart=", "-p", String(pid)];
  const { code, output } = await runProgram("ps", args, {
    env: { ...env, LC_ALL: "C" },
    deadlineMs: 10_000,
  });
  const [, state = "Z", startedAt = ""] = /^\s*(\S+)\s+(.+?)\s*$/.exec(output) ?? [];
  return code !== 0 || state.startsWith("Z") ? undefined : startedAt;
}
