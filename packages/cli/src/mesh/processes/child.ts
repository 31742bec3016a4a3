import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { CliError } from "../../errors.ts";
import type { Reaper } from "./reaper.ts";

/** A program to run beside us. */
export interface ChildSpec {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Both its outputs are appended here (0600). */
  readonly logFile: string;
}

/** How it ended, in words: `exit code 2` or `signal SIGKILL`. */
export type ChildEnd = string;

/** A running program, named by its pid and never by a pattern. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves once, when it has ended for any reason. */
  readonly ended: Promise<ChildEnd>;
  /** SIGTERM, then SIGKILL when it has not ended within the grace. */
  stop(graceMs: number): Promise<ChildEnd>;
  /** SIGKILL. */
  kill(): Promise<ChildEnd>;
}

/**
 * Starts a child in a process group of its own, so that a Ctrl-C reaches us alone and we end it in order.
 *
 * @throws CliError `PROCESS_FAILED` when it cannot be started at all.
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
