import { printableText, type Readiness } from "@kasbah/runtime";
import type { SecretState, SecretStore } from "../secret/secret-store.ts";

const reasons: Record<SecretState, readonly string[]> = {
  starting: ["no secret yet"],
  ready: [],
  stale: [],
  expired: ["the secret has expired and could not be renewed"],
};

/**
 * Ready if and only if an unexpired secret is served: an overdue rotation raises an alarm but does not stop
 * traffic. The last failure is reported in either state, because the CA's refusal names the fix.
 */
export function agentReadiness(
  store: SecretStore,
  lastFailure?: string,
  supplyWarnings: readonly string[] = [],
): Readiness {
  const state = store.state();
  const failure = lastFailure === undefined ? [] : [printableText(lastFailure, 1_000)];
  const ready = state === "ready" || state === "stale";
  const warnings = [...failure, ...supplyWarnings];
  if (ready) return { ready, reasons: [], ...(warnings.length === 0 ? {} : { warnings }) };
  return { ready, reasons: [...reasons[state], ...warnings] };
}

/** Adds warnings to a readiness result. */
export function withWarnings(readiness: Readiness, more: readonly string[]): Readiness {
  if (more.length === 0) return readiness;
  return { ...readiness, warnings: [...(readiness.warnings ?? []), ...more] };
}
