import type { DevDeps } from "../dev-deps.ts";
import type { ProcessRecord } from "../folder/document.ts";
import { isRunning } from "./process-mark.ts";

const graceMs = 15_000;
const pollEveryMs = 50;

type EndDeps = Pick<DevDeps, "clock" | "platform" | "env" | "kill">;

/** Ends a recorded process, and never another one with its pid. Returns false if it did not run. */
export async function endProcess(record: ProcessRecord, deps: EndDeps): Promise<boolean> {
  if (!(await isRunning(record, deps))) return false;
  send(record, "SIGTERM", deps);
  if (await endsWithin(graceMs, record, deps)) return true;
  send(record, "SIGKILL", deps);
  await endsWithin(graceMs, record, deps);
  return true;
}

async function endsWithin(deadlineMs: number, record: ProcessRecord, deps: EndDeps): Promise<boolean> {
  const startedAt = deps.clock.monotonicMs();
  while (await isRunning(record, deps)) {
    if (deps.clock.monotonicMs() - startedAt > deadlineMs) return false;
    await deps.clock.sleep(pollEveryMs);
  }
  return true;
}

function send({ pid }: ProcessRecord, signal: NodeJS.Signals, { kill }: EndDeps): void {
  try {
    kill(pid, signal);
  } catch {
    // It has ended since the last look.
  }
}
