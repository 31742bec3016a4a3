import type { SpiffeId } from "@kasbah/pki";

/** How often certificates may be had: so many at once, and then so many a minute. */
export interface Rate {
  readonly perMinute: number;
  readonly burst: number;
}

/** What a rule says about the identities that it matches. */
export interface Terms {
  readonly allow: boolean;
  /** Why not, for whoever is refused. */
  readonly reason?: string;
  /** Of a request that names no lifetime. Undefined: the CA's own default. */
  readonly defaultTtlMs?: number;
  readonly maxTtlMs?: number;
  /** What becomes of a request for more: stock agents always ask for 24 h, so that refusing would lock them out. */
  readonly onExcess: "clamp" | "refuse";
  /** Types of keys that may be certified; undefined: every type that the CA takes. */
  readonly keyTypes?: readonly string[];
  /** Names beside the SPIFFE ID, for clients that know hosts only, with `{namespace}` and `{serviceAccount}` in them. */
  readonly dnsNames: readonly string[];
  /** What becomes of names, subjects and extensions that a CSR asks for beyond its caller's own. */
  readonly onForeignNames: "ignore" | "refuse";
  /** What becomes of a key that another pod has presented. */
  readonly onSharedKey: "count" | "refuse";
  /** For each pod, or each identity where the pod is not known. Undefined: no limit. */
  readonly rate?: Rate;
}

/** A text, or the beginning of one. There are no regular expressions: a pattern must not cost what a text can choose. */
export type Pattern = { readonly exactly: string } | { readonly startsWith: string };

export interface Rule {
  readonly name: string;
  readonly namespaces: readonly Pattern[];
  readonly serviceAccounts: readonly Pattern[];
  readonly terms: Terms;
}

/** Who may have which certificate. Of the rules the first that matches decides, and the default where none does. */
export interface IssuancePolicy {
  /** Bounds of every lifetime that is asked for, whatever a rule says. */
  readonly defaultTtlMs: number;
  readonly maxTtlMs: number;
  readonly rules: readonly Rule[];
  readonly fallback: Terms;
  /** For all callers together. */
  readonly globalRate?: Rate;
}

/** The rule that decides about an identity, and what it says. */
export interface Ruling {
  readonly rule: string;
  readonly terms: Terms;
}

/** Terms without any restriction, which is what holds while there is no policy. */
export const openTerms: Terms = {
  allow: true,
  onExcess: "clamp",
  dnsNames: [],
  onForeignNames: "ignore",
  onSharedKey: "count",
};

/** Which rule decides about the identity. */
export function rulingOn(spiffeId: SpiffeId, { rules, fallback }: IssuancePolicy): Ruling {
  const { namespace, serviceAccount } = spiffeId.workload ?? { namespace: "", serviceAccount: "" };
  const rule = rules.find(
    ({ namespaces, serviceAccounts }) =>
      namespaces.some((pattern) => matches(pattern, namespace)) &&
      serviceAccounts.some((pattern) => matches(pattern, serviceAccount)),
  );
  return rule === undefined ? { rule: "default", terms: fallback } : { rule: rule.name, terms: rule.terms };
}

/**
 * The names that the terms give to an identity. Namespace and service account are DNS names already; one that they make
 * too long for a DNS name is left out (RFC 1035 §2.3.4).
 */
export function dnsNamesFor(spiffeId: SpiffeId, { dnsNames }: Terms): readonly string[] {
  const { namespace = "", serviceAccount = "" } = spiffeId.workload ?? {};
  return dnsNames
    .map((name) => name.replaceAll("{namespace}", namespace).replaceAll("{serviceAccount}", serviceAccount))
    .filter((name) => name.length <= 253 && name.split(".").every((label) => label.length <= 63));
}

function matches(pattern: Pattern, text: string): boolean {
  return "exactly" in pattern ? text === pattern.exactly : text.startsWith(pattern.startsWith);
}
