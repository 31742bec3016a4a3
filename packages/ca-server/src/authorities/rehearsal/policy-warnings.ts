import { findForbiddenDnsName, type TrustBundle, type TrustDomain } from "@kasbah/pki";
import type { Clock } from "@kasbah/runtime";
import { CaError } from "../../errors.ts";
import { exampleDnsNames } from "../../issuance/policy-dns-names.ts";
import type { Issuer } from "../../issuance/ports.ts";
import type { IssuancePolicy } from "../../issuance/rules.ts";
import { oneLineSubject } from "../plugged-in/shown.ts";

export interface PolicyWarningsDeps {
  readonly issuers: { activeIssuer(now: Date): Issuer; trustBundle(): TrustBundle };
  readonly policy: () => Pick<IssuancePolicy, "rules" | "fallback">;
  readonly trustDomain: TrustDomain;
  readonly clock: Clock;
}

/**
 * A policy may change after the rehearsal of the CA in use. Reports names that it adds and that the name
 * constraints of the CA forbid, since clients reject certificates with them.
 */
export function createPolicyWarnings({ issuers, policy, trustDomain, clock }: PolicyWarningsDeps) {
  const chainInUse = () => {
    const { certificate, intermediates } = issuers.activeIssuer(clock.now());
    const top = intermediates.at(-1) ?? certificate;
    return [
      ...new Set([certificate, ...intermediates]),
      ...issuers.trustBundle().roots.filter((root) => top.isIssuedBy(root)),
    ];
  };
  return {
    warnings(): readonly string[] {
      try {
        const found = findForbiddenDnsName(chainInUse(), () => exampleDnsNames(policy(), trustDomain));
        if (found === undefined) return [];
        const { name, certificate, problem } = found;
        return [
          `${name}: the policy adds a DNS name that the CA must not issue, because ${oneLineSubject(certificate)} ${problem}`,
        ];
      } catch (error) {
        // Without an issuer there is a graver problem, which readiness reports.
        if (error instanceof CaError) return [];
        throw error;
      }
    },
  };
}
