import type { SpiffeId } from "@kasbah/pki";
import { patternText } from "../../../admission/policy/patterns.ts";
import { CaError } from "../../../errors.ts";
import { quote } from "../../../issuance/quote.ts";
import { covers, type Rule } from "../../../issuance/rules.ts";

/** The workloads that an issuer may name, as the rules of a policy select them. */
export type IssuerScope = Pick<Rule, "namespaces" | "serviceAccounts">;

/** An issuer and its scope; undefined if the issuer may name every workload. */
interface ScopedIssuer {
  readonly issuer: string;
  readonly scope: IssuerScope | undefined;
}

/** @throws CaError `OUTSIDE_ISSUER_SCOPE` */
export function checkScope({ issuer, scope }: ScopedIssuer, subject: SpiffeId): void {
  if (scope === undefined || covers(scope, subject)) return;
  throw new CaError("OUTSIDE_ISSUER_SCOPE", `the issuer ${quote(issuer)} may not name this workload`, {
    expected: scopeText(scope),
    seen: subject.toString(),
    fix: "use a token of the cluster that owns this namespace, or extend the issuer's scope in the file of --token-issuers",
  });
}

function scopeText({ namespaces, serviceAccounts }: IssuerScope): string {
  const list = (patterns: IssuerScope["namespaces"]) => patterns.map(patternText).join(", ");
  return `a namespace of [${list(namespaces)}] and a service account of [${list(serviceAccounts)}]`;
}
