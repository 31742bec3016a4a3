import { errnoOf, formatHostPort, type HostPort, printableText } from "@kasbah/runtime";
import { z } from "zod";
import { CliError } from "../errors.ts";
import { getOnce } from "../mesh/processes/http-request.ts";

const answerSchema = z.object({
  ready: z.boolean(),
  reasons: z.array(z.string()).default([]),
  warnings: z.array(z.string()).default([]),
});

export interface ReadinessQuestion {
  readonly address: HostPort;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * Reads `/healthz/ready` of a CA. Returns a sentence with its warnings.
 * @throws CliError `TARGET_UNREACHABLE`, `TARGET_REPLY_INVALID`, or `NOT_READY` with the reasons
 */
export async function askReadiness(question: ReadinessQuestion): Promise<string> {
  const name = formatHostPort(question.address);
  const text = await read(question);
  const answer = answerSchema.safeParse(text);
  if (!answer.success) throw new CliError("TARGET_REPLY_INVALID", `${name}: no health check of a CA`);
  const { ready, reasons, warnings } = answer.data;
  if (!ready)
    throw new CliError("NOT_READY", `${name} is not ready: ${printableText(reasons.join("; "), 1000)}`);
  const warned = warnings.length === 0 ? "" : `; warnings: ${printableText(warnings.join("; "), 1000)}`;
  return `${name} is ready${warned}`;
}

async function read({ address, deadlineMs, signal }: ReadinessQuestion): Promise<unknown> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  try {
    return parsed((await getOnce(address, "/healthz/ready", limit)).body);
  } catch (cause) {
    signal.throwIfAborted();
    const reason = limit.aborted ? undefined : errnoOf(cause);
    throw new CliError(
      "TARGET_UNREACHABLE",
      `${formatHostPort(address)}: ${reason ?? `no answer within ${deadlineMs / 1000} s`}`,
      {
        cause,
      },
    );
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
