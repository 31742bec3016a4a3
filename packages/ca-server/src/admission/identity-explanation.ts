import type { SpiffeId } from "@kasbah/pki";
import type { IdentityExplanationMessage } from "@kasbah/protocol";
import { lifetimesFor } from "../issuance/lifetime.ts";
import { grantedNames } from "../issuance/names/granted-names.ts";
import { covers, type IssuancePolicy, type Rate, rulingOn } from "../issuance/rules.ts";

/** Describes to an operator the rule that applies to an identity and the terms that it grants. */
export function identityExplanation(
  spiffeId: SpiffeId,
  policy: IssuancePolicy,
  policyFile: string | undefined,
): IdentityExplanationMessage {
  const { rule, terms } = rulingOn(spiffeId, policy);
  const { allow, rate, onExcess, onForeignNames, onSharedKey } = terms;
  const { usualMs: defaultTtl, longestMs: maxTtl } = lifetimesFor(terms, policy);
  return {
    spiffeId: spiffeId.toString(),
    rule,
    policyFile: policyFile ?? "",
    allowed: allow,
    defaultTtl,
    maxTtl,
    onExcess,
    keyTypes: terms.keyTypes ?? [],
    dnsNames: grantedNames(spiffeId, terms, policy.reservedNames),
    onForeignNames,
    onSharedKey,
    rate: rateText(rate, policy),
    reason: terms.reason ?? "",
    issuerRules: issuerRules(spiffeId, policy),
  };
}

/** The rules that precede the one for every caller and depend on the issuer of the caller's token. */
function issuerRules(spiffeId: SpiffeId, { rules }: IssuancePolicy): readonly string[] {
  const matching = rules.filter((each) => covers(each, spiffeId));
  const general = matching.findIndex(({ issuers }) => issuers === undefined);
  return matching
    .slice(0, general === -1 ? matching.length : general)
    .map(({ name, issuers = [] }) => `${name} for ${issuers.join(", ")}`);
}

function rateText(rate: Rate | undefined, { defaultRate = 0 }: IssuancePolicy): string {
  if (rate !== undefined) return `${rate.perMinute} per minute, burst of ${rate.burst}`;
  return defaultRate === 0 ? "" : `${defaultRate} per minute for each pod (--default-rate)`;
}
