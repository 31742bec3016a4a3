import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { kill } from "node:process";
import { CliError } from "../../errors.ts";
import { type ChildLog, createLog, type LogTarget } from "./child-log.ts";
import { exitCodeOf } from "./exit-code.ts";
import type { Reaper } from "./reaper.ts";

/** A program to run as a child process. */
interface ChildProgram {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How it shares our terminal; without it, it reads nothing and no key reaches it. */
  readonly terminal?: SharedTerminal;
}

/**
 * A child that reads our input. With `foreground` it stays in our process group, because the terminal gives its
 * input and Ctrl-C only to that group.
 */
interface SharedTerminal {
  readonly foreground: boolean;
}

export type ChildSpec = ChildProgram & LogTarget;

/** How the child ended: `exit code 2` or `signal SIGKILL`. */
type ChildEnd = string;

/** A running program, always addressed by its pid and never by a pattern. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly log: ChildLog;
  /** Resolves once the child has ended for any reason. */
  readonly ended: Promise<ChildEnd>;
  /** The exit code that a shell would report. */
  readonly exitCode: Promise<number>;
  /** Sends SIGTERM, then SIGKILL if the child has not ended within the grace period. */
  stop(graceMs: number): Promise<ChildEnd>;
  /** Sends SIGKILL. */
  kill(): Promise<ChildEnd>;
}

/**
 * Starts a child in its own process group, so that Ctrl-C reaches only us and we can stop children in order.
 *
 * @throws CliError `PROCESS_FAILED` if it cannot be started
 */
export async function startChild(spec: ChildSpec, reaper: Reaper): Promise<Child> {
  const log = createLog(spec);
  const leadsGroup = spec.terminal?.foreground !== true;
  const child = spawn(spec.file, [...spec.args], {
    detached: leadsGroup,
    stdio: [spec.terminal === undefined ? "ignore" : "inherit", ...log.stdio],
    env: { ...spec.env },
  });
  log.attach(child);
  const { pid } = child;
  if (pid === undefined) {
    const [cause] = await once(child, "error");
    throw new CliError("PROCESS_FAILED", `cannot start ${spec.name}: ${spec.file}`, { cause });
  }
  if (leadsGroup) reaper.watch(pid);
  else reaper.watchTree(pid);
  const exited = exitOf(child, log).then((exit) => {
    // A program of the user may leave children in its group, which the reaper ends with everything else.
    if (spec.terminal === undefined) reaper.forget(pid);
    return exit;
  });
  const ended = exited.then(({ code, signal }) =>
    signal === null ? `exit code ${code}` : `signal ${signal}`,
  );
  const send = (signal: NodeJS.Signals) => {
    if (spec.terminal === undefined || !leadsGroup) child.kill(signal);
    else signalGroup(pid, signal);
  };
  return {
    name: spec.name,
    pid,
    log: log.log,
    ended,
    exitCode: exited.then(exitCodeOf),
    stop: async (graceMs) => {
      send("SIGTERM");
      const timer = setTimeout(() => send("SIGKILL"), graceMs);
      return ended.finally(() => clearTimeout(timer));
    },
    kill: () => {
      send("SIGKILL");
      return ended;
    },
  };
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

async function exitOf(child: ChildProcess, log: { readonly drained: () => Promise<void> }): Promise<Exit> {
  const [code, signal] = await once(child, "exit");
  await log.drained();
  return { code, signal };
}

/** A shell and the programs that it has started end together. */
function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    kill(-leader, signal);
  } catch {
    // The group has already ended.
  }
}
