import { PkiError, SpiffeId, type TrustDomain, type WorkloadName } from "@kasbah/pki";
import { dnsNamesFor, type IssuancePolicy, type Pattern, type Terms } from "./rules.ts";

/**
 * Examples of every DNS name that the policy adds: for each rule, the names of one identity that it matches.
 * A CA that may not issue them would fail at the first request.
 */
export function exampleDnsNames(
  { rules, fallback }: Pick<IssuancePolicy, "rules" | "fallback">,
  trustDomain: TrustDomain,
): readonly string[] {
  const anyone = { namespaces: [{ startsWith: "" }], serviceAccounts: [{ startsWith: "" }], terms: fallback };
  const names = [...rules, anyone]
    .filter(({ terms }) => terms.allow)
    .flatMap(({ namespaces: [namespace], serviceAccounts: [account], terms }) => {
      const example = { namespace: exampleOf(namespace), serviceAccount: exampleOf(account) };
      return namesFor(example, terms, trustDomain);
    });
  return [...new Set(names)];
}

function namesFor(workload: WorkloadName, terms: Terms, trustDomain: TrustDomain): readonly string[] {
  try {
    return dnsNamesFor(SpiffeId.forWorkload(trustDomain, workload), terms);
  } catch (error) {
    // A pattern such as `web-` without a star is no name of Kubernetes, so its rule never applies.
    if (error instanceof PkiError) return [];
    throw error;
  }
}

function exampleOf(pattern: Pattern | undefined): string {
  if (pattern === undefined) return "example";
  return "exactly" in pattern ? pattern.exactly : `${pattern.startsWith}example`.slice(0, 63);
}
