import type { SpiffeId } from "@kasbah/pki";
import { dnsNamesFor, type IssuancePolicy, rulingOn } from "../issuance/rules.ts";

/** What a policy says about one identity, in words and milliseconds. */
export interface IdentityExplanation {
  readonly spiffeId: string;
  readonly rule: string;
  readonly policyFile: string;
  readonly allowed: boolean;
  readonly defaultTtl: number;
  readonly maxTtl: number;
  readonly onExcess: string;
  /** Empty: every type that the CA takes. */
  readonly keyTypes: readonly string[];
  readonly dnsNames: readonly string[];
  readonly onForeignNames: string;
  readonly onSharedKey: string;
  readonly rate: string;
  readonly reason: string;
}

/** Which rule decides about an identity, and what it gives. */
export function explainIdentity(
  spiffeId: SpiffeId,
  policy: IssuancePolicy,
  policyFile: string | undefined,
): IdentityExplanation {
  const { rule, terms } = rulingOn(spiffeId, policy);
  const { allow, rate, onExcess, onForeignNames, onSharedKey } = terms;
  const maxTtl = Math.min(terms.maxTtlMs ?? policy.maxTtlMs, policy.maxTtlMs);
  return {
    spiffeId: spiffeId.toString(),
    rule,
    policyFile: policyFile ?? "",
    allowed: allow,
    defaultTtl: Math.min(terms.defaultTtlMs ?? policy.defaultTtlMs, maxTtl),
    maxTtl,
    onExcess,
    keyTypes: terms.keyTypes ?? [],
    dnsNames: dnsNamesFor(spiffeId, terms),
    onForeignNames,
    onSharedKey,
    rate: rate === undefined ? "" : `${rate.perMinute} a minute, ${rate.burst} at once`,
    reason: terms.reason ?? "",
  };
}
