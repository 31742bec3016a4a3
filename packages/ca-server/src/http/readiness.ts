import type { Clock, Readiness } from "@kasbah/runtime";
import type { IssuerSource } from "../issuance/ports.ts";

export interface ReadinessParts {
  readonly issuers: IssuerSource;
  readonly keys: { readonly usable: boolean };
  readonly ledger: { readonly writable: boolean };
  readonly clock: Clock;
}

/** Ready when a good request would get its certificate now. */
export function readinessOf({ issuers, keys, ledger, clock }: ReadinessParts): Readiness {
  const reasons: string[] = [];
  try {
    issuers.activeIssuer(clock.now());
  } catch (error) {
    reasons.push(`issuer: ${error instanceof Error ? error.message : "unavailable"}`);
  }
  if (!keys.usable) reasons.push("jwks: no key set has been loaded, or the last is too old");
  if (!ledger.writable) reasons.push("ledger: can not be written");
  return { ready: reasons.length === 0, reasons };
}
