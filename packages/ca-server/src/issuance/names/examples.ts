import type { WorkloadName } from "@kasbah/pki";
import { matches, type Pattern } from "../rules.ts";

/** The identities that a rule matches. */
export interface Matched {
  readonly namespaces: readonly Pattern[];
  readonly serviceAccounts: readonly Pattern[];
}

/** A name that a pattern matches, with this ending if the pattern leaves one open. */
export function exampleOf(pattern: Pattern, ending: string): string {
  return "exactly" in pattern ? pattern.exactly : `${pattern.startsWith}${ending}`.slice(0, 63);
}

/**
 * The caller with the known parts and an example of the others; undefined if the rule does not match it. The
 * namespace is one that differs from `avoided`, if the rule matches another.
 */
export function exampleCaller(
  { namespaces, serviceAccounts }: Matched,
  known: Partial<WorkloadName>,
  avoided?: string,
): WorkloadName | undefined {
  const candidates = namespaces.map((pattern) => exampleOf(pattern, "example"));
  const other = candidates.find((name) => name !== avoided) ?? candidates[0];
  const namespace = known.namespace ?? other;
  const account = serviceAccounts[0] && exampleOf(serviceAccounts[0], "example");
  const serviceAccount = known.serviceAccount ?? account;
  if (namespace === undefined || serviceAccount === undefined) return undefined;
  const isMatched =
    namespaces.some((pattern) => matches(pattern, namespace)) &&
    serviceAccounts.some((pattern) => matches(pattern, serviceAccount));
  return isMatched ? { namespace, serviceAccount } : undefined;
}
