import type { SpiffeId } from "@kasbah/pki";
import { dnsNamesFor, type Terms } from "../rules.ts";
import type { ReservedNames } from "./reserved-names.ts";

/**
 * The DNS names that the terms add to an identity, without those of the CA's own server. The rest of the
 * certificate is issued: a workload without it would be cut off, although only the rule is wrong.
 */
export function grantedNames(spiffeId: SpiffeId, terms: Terms, reserved: ReservedNames): readonly string[] {
  const names = dnsNamesFor(spiffeId, terms);
  return terms.dangerouslyCaNames === true ? names : names.filter((name) => !reserved.contains(name));
}
