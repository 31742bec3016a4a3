import { type Clock, type HostPort, printableText } from "@kasbah/runtime";
import { CliError } from "../../errors.ts";
import type { Child } from "./child.ts";
import { getOnce } from "./http-request.ts";

export interface ReadyOptions {
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

const pollEveryMs = 50;

/**
 * Waits until `isReady` returns true.
 *
 * @throws CliError `PROCESS_FAILED` with the end of its log if the child ends first; `NOT_READY` at the
 * deadline
 */
export async function waitUntilReady(
  child: Child,
  isReady: () => Promise<boolean>,
  { clock, deadlineMs, signal }: ReadyOptions,
): Promise<void> {
  let end: string | undefined;
  void child.ended.then((how) => {
    end = how;
  });
  const startedAt = clock.monotonicMs();
  while (!(await isReady())) {
    if (end !== undefined) throw await failure("PROCESS_FAILED", `${child.name} exited (${end})`, child);
    if (clock.monotonicMs() - startedAt > deadlineMs) {
      throw await failure("NOT_READY", `${child.name} was not ready within ${deadlineMs / 1000} s`, child);
    }
    await clock.sleep(pollEveryMs, signal);
  }
}

/** True if the status server reports ready. */
export async function isStatusReady(address: HostPort): Promise<boolean> {
  try {
    return (await getOnce(address, "/healthz/ready", AbortSignal.timeout(2000))).status === 200;
  } catch {
    return false;
  }
}

async function failure(code: "PROCESS_FAILED" | "NOT_READY", what: string, child: Child): Promise<CliError> {
  return new CliError(code, `${what}; the end of ${child.log.name}:\n${tailOf(await child.log.end())}`);
}

/** The last few lines, each cut to fit on a screen. */
function tailOf(log: string): string {
  const lines = log.trimEnd().split("\n").slice(-4);
  return lines.map((line) => `  ${printableText(line.slice(0, 300))}`).join("\n");
}
