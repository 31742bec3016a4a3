import type { Clock, Readiness } from "@kasbah/runtime";
import type { IssuerSource } from "../issuance/ports.ts";

export interface ReadinessParts {
  readonly issuers: Pick<IssuerSource, "activeIssuer">;
  /** What does not stop a good request, and should be looked at. */
  readonly warnings: () => readonly string[];
  readonly keys: { readonly usable: boolean };
  readonly ledger: { readonly writable: boolean };
  readonly clock: Clock;
}

/** Ready when a good request would get its certificate now. */
export function readinessOf({ issuers, keys, ledger, clock, warnings }: ReadinessParts): Readiness {
  const reasons: string[] = [];
  try {
    issuers.activeIssuer(clock.now());
  } catch (error) {
    reasons.push(`issuer: ${error instanceof Error ? error.message : "unavailable"}`);
  }
  if (!keys.usable) reasons.push("jwks: no key set has been loaded, or the last is too old");
  if (!ledger.writable) reasons.push("ledger: can not be written");
  return { ready: reasons.length === 0, reasons, warnings: warnings() };
}
