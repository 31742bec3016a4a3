import { getuid, kill } from "node:process";
import { errnoOf } from "@kasbah/runtime";
import type { CommandOutcome } from "./outcome.ts";
import { type PidFile, readPidFile, usersOf } from "./pid-file.ts";

export interface ProcessToSignal {
  /** A file whose first line is a process ID. Other lines are ignored: PostgreSQL writes eight. */
  readonly pidFile: string;
  /** Without the prefix SIG. */
  readonly signal: string;
  readonly ownPid: number;
  readonly ownUid?: number | undefined;
  readonly send?: (pid: number, signal: string) => void;
}

/** The largest process ID of Linux. */
const maxPid = 4_194_304;

/**
 * Sends a signal to the process of a file. Never rejects. A file that is missing or does not name a process is
 * a failure: the program may be starting, and otherwise an operator must know that nothing reloads.
 */
export async function signalProcess({
  pidFile,
  signal,
  ownPid,
  ownUid = getuid?.(),
  send = kill,
}: ProcessToSignal): Promise<CommandOutcome> {
  try {
    const file = await readPidFile(pidFile);
    const pid = parsePid(file.text, ownPid);
    if (ownUid === 0) await refuseForeign(file, pid);
    send(pid, `SIG${signal}`);
    return { result: "ok", exitCode: undefined, killedBy: undefined, output: [`sent ${signal} to ${pid}`] };
  } catch (error) {
    const output = [`cannot send ${signal} to the process of ${pidFile}: ${reasonOf(error)}`];
    return { result: "failed", exitCode: undefined, killedBy: undefined, output };
  }
}

/**
 * The process ID in the first line. 0 and negative numbers address process groups, and 1 the first process of
 * the container or machine, which must not end because a file is damaged.
 */
function parsePid(text: string, ownPid: number): number {
  const line = text.split("\n", 1)[0]?.trim() ?? "";
  const pid = /^\d{1,7}$/.test(line) ? Number(line) : 0;
  if (pid <= 1 || pid > maxPid) throw new RangeError("its first line is not a process ID above 1");
  if (pid === ownPid) throw new RangeError("it names the agent itself");
  return pid;
}

/** Root may signal every process. Another user must not choose one that is not theirs. */
async function refuseForeign({ owners }: PidFile, pid: number): Promise<void> {
  const users = await usersOf(pid);
  const foreign = users && owners.find(({ uid }) => uid !== 0 && !users.includes(uid));
  if (foreign === undefined) return;
  throw new RangeError(`${foreign.what} belongs to user ${foreign.uid}, and process ${pid} does not`);
}

function reasonOf(error: unknown): string {
  switch (errnoOf(error)) {
    case undefined:
      return error instanceof Error ? error.message : "unexpected failure";
    case "ENOENT":
      return "the file does not exist; the program is not running, or --pid-file names another file";
    case "EACCES":
      return "permission denied; run the agent as the user of that program";
    case "ESRCH":
      return "no such process; the file is left over, or the program has just ended";
    case "EPERM":
      return "not permitted; run the agent as the user of that program";
    default:
      return errnoOf(error) ?? "";
  }
}
