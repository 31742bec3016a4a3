import { z } from "zod";
import type { Pattern } from "../../issuance/rules.ts";

/**
 * The prefixes that Kubernetes names can have. Elsewhere a dot hints at a regular expression, which would
 * match nothing.
 */
const beginnings = {
  namespace: /^(?:[a-z0-9][a-z0-9-]{0,62})?$/,
  serviceAccount: /^(?:[a-z0-9][a-z0-9.-]{0,252})?$/,
};

/** `payments`, `payments-*` or `*`. */
const patternOf = (beginning: RegExp) =>
  z.string().transform((text, context): Pattern => {
    const isPrefix = text.endsWith("*");
    const fixed = isPrefix ? text.slice(0, -1) : text;
    if (!beginning.test(fixed) || text === "") {
      const message = "expected a name, or a prefix that ends with *; other patterns are not supported";
      context.addIssue({ code: "custom", message });
    }
    return isPrefix ? { startsWith: fixed } : { exactly: fixed };
  });

const patternsOf = (beginning: RegExp) =>
  z.array(patternOf(beginning)).min(1, "is empty and would match nothing; omit it to match everything");

/** The patterns that match every name. */
export const anyName: readonly Pattern[] = [{ startsWith: "" }];

/** The schemas of the lists of names in the policy file and in the file of token issuers. */
export const namespacePatterns = patternsOf(beginnings.namespace);
export const serviceAccountPatterns = patternsOf(beginnings.serviceAccount);

/** A pattern as a file spells it. */
export function patternText(pattern: Pattern): string {
  return "exactly" in pattern ? pattern.exactly : `${pattern.startsWith}*`;
}
