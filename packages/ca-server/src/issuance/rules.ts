import type { SpiffeId } from "@kasbah/pki";
import type { ReservedNames } from "./names/reserved-names.ts";

/** A rate limit: a burst of certificates, and then a number of them per minute. */
export interface Rate {
  readonly perMinute: number;
  readonly burst: number;
}

/** A token bucket that a call draws from. */
export interface Share {
  readonly key: string;
  readonly rate: Rate;
  /** The policy rule that sets the rate; undefined for the CA's default. */
  readonly rule?: string;
}

/** The terms of a rule for the identities that it matches. */
export interface Terms {
  readonly allow: boolean;
  /** The reason for a denial, shown to the caller. */
  readonly reason?: string;
  /** The lifetime if the request names none. If undefined, the CA's own default applies. */
  readonly defaultTtlMs?: number;
  readonly maxTtlMs?: number;
  /**
   * What happens to a request above the maximum. Stock agents always request 24 h, so refusing would lock
   * them out.
   */
  readonly onExcess: "clamp" | "refuse";
  /** The allowed key types. If undefined, every type that the CA supports is allowed. */
  readonly keyTypes?: readonly string[];
  /**
   * DNS names to add to the SPIFFE ID, for clients that verify host names. `{namespace}` and
   * `{serviceAccount}` are replaced.
   */
  readonly dnsNames: readonly string[];
  /** Whether the DNS names may be those of the CA's own server, by which a workload could pose as the CA. */
  readonly dangerouslyCaNames?: boolean;
  /** What happens to names, subjects and extensions that a CSR requests beyond the caller's own. */
  readonly onForeignNames: "ignore" | "refuse";
  /** What happens to a key that another pod has presented. */
  readonly onSharedKey: "count" | "refuse";
  /** The limit for each pod, or for each identity if the pod is unknown. If undefined, the CA's default applies. */
  readonly rate?: Rate;
}

/**
 * A literal text or a prefix. Regular expressions are not supported, because an attacker could choose texts
 * that make them slow.
 */
export type Pattern = { readonly exactly: string } | { readonly startsWith: string };

export interface Rule {
  readonly name: string;
  /** The issuers of the callers' tokens that the rule applies to. If undefined, it applies to every caller. */
  readonly issuers?: readonly string[];
  readonly namespaces: readonly Pattern[];
  readonly serviceAccounts: readonly Pattern[];
  readonly terms: Terms;
}

/**
 * Decides which identity may have which certificate. The first matching rule decides; if none matches, the
 * default does.
 */
export interface IssuancePolicy {
  /** The limits of every requested lifetime, independent of the rules. */
  readonly defaultTtlMs: number;
  readonly maxTtlMs: number;
  /** The longest lifetime that callers get unless a rule or a default names a longer one. */
  readonly ttlCeilingMs: number;
  readonly rules: readonly Rule[];
  readonly fallback: Terms;
  /** The DNS names that no workload gets. */
  readonly reservedNames: ReservedNames;
  /** Certificates per minute for each pod and name where no rule has a rate. If undefined or 0, there is no limit. */
  readonly defaultRate?: number;
  /** The limit for all callers together. */
  readonly globalRate?: Rate;
}

/** The rule that applies to an identity, and its terms. */
export interface Ruling {
  readonly rule: string;
  readonly terms: Terms;
}

/** Terms without restrictions, which apply if there is no policy. */
export const openTerms: Terms = {
  allow: true,
  onExcess: "clamp",
  dnsNames: [],
  onForeignNames: "ignore",
  onSharedKey: "count",
};

/** Finds the rule that applies to an identity. @param issuer of the caller's token, if the CA knows it */
export function rulingOn(
  spiffeId: SpiffeId,
  { rules, fallback }: Pick<IssuancePolicy, "rules" | "fallback">,
  issuer?: string,
): Ruling {
  const rule = rules.find(
    (each) => covers(each, spiffeId) && (each.issuers?.some((name) => name === issuer) ?? true),
  );
  return rule === undefined ? { rule: "default", terms: fallback } : { rule: rule.name, terms: rule.terms };
}

/**
 * The DNS names that the terms add to an identity. A service account with dots gets none from a template: each
 * dot would begin another label, so `{serviceAccount}.svc` could become the name of any Service.
 */
export function dnsNamesFor(spiffeId: SpiffeId, terms: Terms): readonly string[] {
  const hasDots = spiffeId.workload?.serviceAccount.includes(".") ?? false;
  const dnsNames = terms.dnsNames.filter((name) => !(hasDots && name.includes("{serviceAccount}")));
  return expandedDnsNames(spiffeId, { dnsNames });
}

/**
 * Replaces the placeholders, even those that {@link dnsNamesFor} does not grant. Namespace and service account
 * are DNS names already. A result that is too long for a DNS name is omitted (RFC 1035 §2.3.4).
 */
export function expandedDnsNames(
  spiffeId: SpiffeId,
  { dnsNames }: Pick<Terms, "dnsNames">,
): readonly string[] {
  const { namespace = "", serviceAccount = "" } = spiffeId.workload ?? {};
  return dnsNames
    .map((name) => name.replaceAll("{namespace}", namespace).replaceAll("{serviceAccount}", serviceAccount))
    .filter((name) => name.length <= 253 && name.split(".").every((label) => label.length <= 63));
}

/** Whether both lists of names match a workload. */
export function covers(
  { namespaces, serviceAccounts }: Pick<Rule, "namespaces" | "serviceAccounts">,
  { workload }: SpiffeId,
): boolean {
  const { namespace, serviceAccount } = workload ?? { namespace: "", serviceAccount: "" };
  return (
    namespaces.some((pattern) => matches(pattern, namespace)) &&
    serviceAccounts.some((pattern) => matches(pattern, serviceAccount))
  );
}

export function matches(pattern: Pattern, text: string): boolean {
  return "exactly" in pattern ? text === pattern.exactly : text.startsWith(pattern.startsWith);
}
