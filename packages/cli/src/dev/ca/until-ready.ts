import { readFile } from "node:fs/promises";
import { printableText } from "@kasbah/runtime";
import { CliError } from "../../errors.ts";
import { rootPathIn } from "../../mesh/daemons/ca-arguments.ts";
import { ping } from "../../ping/ping.ts";
import type { DevDeps } from "../dev-deps.ts";
import type { CaRecord } from "../folder/document.ts";
import type { Layout } from "../folder/layout.ts";
import { isRunning } from "../process/process-mark.ts";

const readyWithinMs = 60_000;
const pollEveryMs = 50;

/**
 * Waits until the CA of this folder answers at its port. The CA of another folder, which may have been faster to take
 * the port, has another root.
 *
 * @throws CliError `PROCESS_FAILED` or `NOT_READY`, with the end of its log
 */
export async function untilReady(ca: CaRecord, layout: Layout, deps: DevDeps): Promise<void> {
  const { clock, signal } = deps;
  const startedAt = clock.monotonicMs();
  for (;;) {
    if (!(await isRunning(ca, deps))) throw await failure("PROCESS_FAILED", "the CA exited", layout);
    if (await isAnswering(ca, layout, deps)) return;
    if (clock.monotonicMs() - startedAt > readyWithinMs)
      throw await failure("NOT_READY", `the CA was not ready within ${readyWithinMs / 1000} s`, layout);
    await clock.sleep(pollEveryMs, signal);
  }
}

/** Whether the CA of this folder answers and is ready. */
export async function isAnswering(ca: CaRecord, { caState }: Layout, deps: DevDeps): Promise<boolean> {
  const { grpcAddress: address, httpAddress: ready } = ca;
  try {
    await ping({ address, rootFile: rootPathIn(caState), ready, waitMs: 0 }, deps);
    return true;
  } catch {
    deps.signal.throwIfAborted();
    return false;
  }
}

async function failure(
  code: "PROCESS_FAILED" | "NOT_READY",
  what: string,
  { caLog }: Layout,
): Promise<CliError> {
  const log = await readFile(caLog, "utf8").catch(() => "");
  const last = printableText(log.trimEnd().split("\n").at(-1) ?? "", 600);
  return new CliError(code, `${what}; the last line of its log ${caLog}: ${last}`);
}
