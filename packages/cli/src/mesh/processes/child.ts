import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { CliError } from "../../errors.ts";
import type { Reaper } from "./reaper.ts";

/** A program to run as a child process. */
export interface ChildSpec {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Receives stdout and stderr (appended, mode 0600). */
  readonly logFile: string;
}

/** How the child ended: `exit code 2` or `signal SIGKILL`. */
type ChildEnd = string;

/** A running program, always addressed by its pid and never by a pattern. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves once the child has ended for any reason. */
  readonly ended: Promise<ChildEnd>;
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
  const log = openSync(spec.logFile, "a", 0o600);
  const child = spawn(spec.file, [...spec.args], {
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...spec.env },
  });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) {
    const [cause] = await once(child, "error");
    throw new CliError("PROCESS_FAILED", `cannot start ${spec.name}: ${spec.file}`, { cause });
  }
  reaper.watch(pid);
  const ended = new Promise<ChildEnd>((resolve) => {
    child.once("exit", (code, signal) => {
      reaper.forget(pid);
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`);
    });
  });
  return {
    name: spec.name,
    pid,
    logFile: spec.logFile,
    ended,
    stop: async (graceMs) => {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
      return ended.finally(() => clearTimeout(timer));
    },
    kill: () => {
      child.kill("SIGKILL");
      return ended;
    },
  };
}
