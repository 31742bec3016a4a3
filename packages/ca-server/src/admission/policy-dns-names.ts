import type { TrustDomain } from "@kasbah/pki";
import { PolicyError } from "../errors.ts";
import { exampleDnsNames } from "../issuance/policy-dns-names.ts";
import { loadPolicy } from "./policy/file.ts";

/**
 * Returns a reader of examples of the DNS names that a policy file adds to certificates. If the file becomes
 * invalid, the CA keeps the previous policy, and so do the names.
 */
export function policyDnsNames(
  path: string | undefined,
  trustDomain: TrustDomain,
): () => Promise<readonly string[]> {
  let last: readonly string[] = [];
  return async () => {
    if (path === undefined) return [];
    try {
      last = exampleDnsNames(await loadPolicy(path), trustDomain);
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
    }
    return last;
  };
}
