import { createConnection } from "node:net";
import { resolve } from "node:path";
import { errnoOf, formatDuration, type HostPort, printableText } from "@kasbah/runtime";
import { sdsSocketPath } from "../config/socket-options.ts";
import { AgentError } from "../errors.ts";
import { askAgent } from "./ask-agent.ts";
import type { AgentCommandDeps } from "./command-deps.ts";

const lookEveryMs = 250;

export interface WaitOptions {
  readonly statusAddress: HostPort;
  readonly sdsSocket: string | undefined;
  readonly sdsSocketFile: string;
  /** In milliseconds. */
  readonly timeout: number;
}

/**
 * Resolves once the agent reports a valid secret and its SDS socket accepts connections.
 * @throws AgentError `AGENT_NOT_READY` on timeout, with the reasons of the last check
 */
export async function waitUntilServed(
  options: WaitOptions,
  { clock }: Pick<AgentCommandDeps, "clock">,
): Promise<void> {
  const deadlineMs = clock.monotonicMs() + options.timeout;
  for (;;) {
    const missing = await missingParts(options);
    if (missing.length === 0) return;
    const leftMs = deadlineMs - clock.monotonicMs();
    if (leftMs <= 0) {
      const message = `the agent serves no secret after ${formatDuration(options.timeout)}: ${missing.join("; ")}`;
      throw new AgentError("AGENT_NOT_READY", message);
    }
    await clock.sleep(Math.min(lookEveryMs, leftMs));
  }
}

async function missingParts(options: WaitOptions): Promise<readonly string[]> {
  try {
    const { ready, reasons } = await askAgent(options.statusAddress, "/healthz/ready");
    if (ready === true) return await connectionProblems(resolve(sdsSocketPath(options)));
    return Array.isArray(reasons)
      ? reasons.map((reason) => printableText(String(reason)))
      : ["the agent gives no reason"];
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return [`${error.code}: ${error.message}`];
  }
}

/** A successful connection is sufficient: the process that holds the secret accepts it. */
function connectionProblems(path: string): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const probe = createConnection(path);
    const settle = (missing: readonly string[]) => {
      probe.destroy();
      resolve(missing);
    };
    probe.once("connect", () => settle([]));
    probe.once("error", (error) => {
      settle([
        `cannot connect to the SDS socket ${path} (${errnoOf(error) ?? error.name}); check --sds-socket`,
      ]);
    });
  });
}
