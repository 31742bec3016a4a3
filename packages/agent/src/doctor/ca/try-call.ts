import { createLogger, createRegistry, printableText } from "@kasbah/runtime";
import type { AgentDeps } from "../../agent-deps.ts";
import { command } from "../../config/command.ts";
import type { AgentConfig } from "../../config/options.ts";
import { AgentError } from "../../errors.ts";
import { obtainSecret } from "../../one-shot/obtain-secret.ts";
import type { RotationFailure } from "../../rotation/rotator.ts";
import { SecretStore } from "../../secret/secret-store.ts";
import { SkippedRoots } from "../../secret/skipped-roots.ts";
import type { FailureFacts } from "../agent-view.ts";
import { type Observation, passed } from "../report.ts";

/** The result of a real request for a certificate. */
export type TriedCall =
  | { readonly kind: "issued"; readonly observation: Observation }
  | { readonly kind: "failed"; readonly failure: FailureFacts };

const maxText = 1_000;
/** Nothing reads a log of one request. */
const logger = createLogger({ level: "silent", format: "json" });

/** Asks the CA for a certificate once, as the agent does, and drops it. The CA records it like any other. */
export async function tryCall(
  config: AgentConfig,
  { clock, roll, environment }: Pick<AgentDeps, "clock" | "roll" | "environment">,
  deadlineMs: number,
): Promise<TriedCall> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(deadlineMs)]);
  let failure: FailureFacts | undefined;
  const onFailed = (failed: RotationFailure) => {
    failure ??= failureFactsOf(failed.error, failed.code);
    stop.abort();
  };
  const registry = createRegistry(command);
  const store = new SecretStore(clock);
  const skippedRoots = new SkippedRoots(logger);
  const deps = { config, store, skippedRoots, registry, clock, roll, environment, logger };
  try {
    const secret = await obtainSecret(deps, { signal, onFailed });
    if (secret !== undefined) {
      const what = `the CA issued a certificate for ${secret.spiffeId}, which was dropped`;
      return { kind: "issued", observation: passed("ca", what) };
    }
  } catch (error) {
    // Token and flags contradict each other.
    if (!(error instanceof AgentError)) throw error;
    failure = failureFactsOf(error, error.code);
  }
  const message = `no answer to a request for a certificate within ${deadlineMs / 1_000} s`;
  return { kind: "failed", failure: failure ?? { code: "CA_UNREACHABLE", message } };
}

function failureFactsOf(error: unknown, code: string): FailureFacts {
  const message = error instanceof Error ? printableText(error.message, maxText) : code;
  if (!(error instanceof AgentError)) return { code, message };
  const { refusal, replyFault } = error;
  return {
    code,
    message,
    caCode: refusal?.code,
    reference: refusal?.referenceId === undefined ? undefined : printableText(refusal.referenceId, maxText),
    fix: refusal?.fix === undefined ? undefined : printableText(refusal.fix, maxText),
    replyFault,
  };
}
