import { type Clock, type Readiness, storageFailure } from "@kasbah/runtime";
import type { IssuerSource } from "../issuance/ports.ts";

export interface ReadinessDeps {
  readonly issuers: Pick<IssuerSource, "activeIssuer">;
  /** Conditions that need an operator's attention but do not fail valid requests. */
  readonly warnings: () => readonly string[];
  /** The reasons why valid callers could not be authenticated. */
  readonly callers: { troubles(): readonly string[] };
  readonly ledger: { readonly writable: boolean; readonly failure?: unknown };
  readonly clock: Clock;
}

/** Ready if a valid request would obtain its certificate now. */
export function assessReadiness({ issuers, callers, ledger, clock, warnings }: ReadinessDeps): Readiness {
  const reasons: string[] = [];
  try {
    issuers.activeIssuer(clock.now());
  } catch (error) {
    reasons.push(`issuer: ${error instanceof Error ? error.message : "unavailable"}`);
  }
  reasons.push(...callers.troubles());
  if (!ledger.writable) reasons.push(ledgerTrouble(ledger.failure));
  return { ready: reasons.length === 0, reasons, warnings: warnings() };
}

function ledgerTrouble(failure: unknown): string {
  const reason = failure === undefined ? "" : `: ${storageFailure(failure)}`;
  return `ledger: cannot be written${reason}`;
}

/** A part of the CA that reports conditions to operators, one sentence each. */
export interface ConditionSource {
  /** The reasons why valid requests fail now. */
  troubles?(): readonly string[];
  warnings(): readonly string[];
}

/** The CA's readiness, computed from all of its parts at each call. */
export function createReadiness({
  sources,
  ...deps
}: Pick<ReadinessDeps, "issuers" | "ledger" | "clock"> & {
  readonly sources: readonly ConditionSource[];
}): () => Readiness {
  const troubles = () => sources.flatMap((source) => source.troubles?.() ?? []);
  const warnings = () => sources.flatMap((source) => source.warnings());
  return () => assessReadiness({ ...deps, callers: { troubles }, warnings });
}
