import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { kill } from "node:process";
import type { Readable } from "node:stream";
import type { Clock } from "@kasbah/runtime";
import { CommandOutput } from "./command-output.ts";
import type { CommandOutcome } from "./outcome.ts";

export interface CommandToRun {
  readonly command: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /**
   * After this time, or if `signal` aborts, the process group gets SIGTERM, and SIGKILL five seconds later.
   */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** The shell that runs the command. */
export const shell = "/bin/sh";

const killGraceMs = 5_000;
/** Time to read the remaining output. A background process may keep the pipe open forever. */
const drainMs = 500;

/**
 * Runs a command with `/bin/sh -c` in its own process group, and kills the group after the timeout. Never
 * rejects.
 */
export async function runShell(run: CommandToRun): Promise<CommandOutcome> {
  const output = new CommandOutput();
  try {
    const child = start(run, output);
    const isLate = await endInTime(child, run);
    const { exitCode, signalCode } = child;
    const result = isLate ? "timeout" : exitCode === 0 ? "ok" : "failed";
    await drain(child, run.clock);
    return {
      result,
      exitCode: exitCode ?? undefined,
      killedBy: signalCode ?? undefined,
      output: output.lines,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : "cannot start the command";
    return { result: "failed", exitCode: undefined, killedBy: undefined, output: [reason] };
  }
}

function start({ command, environment }: CommandToRun, output: CommandOutput): ChildProcess {
  const child: ChildProcess = spawn(shell, ["-c", command], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...environment },
  });
  for (const stream of streamsOf(child)) {
    stream.setEncoding("utf8").on("data", (text: string) => output.add(text));
  }
  return child;
}

/** If no descriptors are left, a child has no pipes and emits `error` a moment later. */
function streamsOf({ stdout, stderr }: ChildProcess): readonly Readable[] {
  return [stdout, stderr].filter((stream) => stream !== null && stream !== undefined);
}

/** Returns true if the command had to be terminated. */
async function endInTime(child: ChildProcess, { timeoutMs, signal, clock }: CommandToRun): Promise<boolean> {
  const exited = once(child, "exit");
  if (await isWithin(exited, timeoutMs, clock, signal)) return false;
  killGroup(child, "SIGTERM");
  const hasObeyed = await isWithin(exited, killGraceMs, clock);
  // Processes that the shell started may outlive it.
  killGroup(child, "SIGKILL");
  if (!hasObeyed) await exited;
  return true;
}

async function isWithin(
  work: Promise<unknown>,
  ms: number,
  clock: Clock,
  signal?: AbortSignal,
): Promise<boolean> {
  const timer = new AbortController();
  const either = signal === undefined ? timer.signal : AbortSignal.any([timer.signal, signal]);
  const late = clock.sleep(ms, either).then(
    () => false,
    () => false,
  );
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    timer.abort();
  }
}

async function drain(child: ChildProcess, clock: Clock): Promise<void> {
  const streams = streamsOf(child);
  const ends = streams.filter((stream) => !stream.readableEnded).map((stream) => once(stream, "close"));
  await isWithin(Promise.allSettled(ends), drainMs, clock);
  for (const stream of streams) stream.destroy();
}

function killGroup({ pid }: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    kill(-pid, signal);
  } catch {
    // All processes of the group have exited.
  }
}
