import { isIP } from "node:net";
import { keyTypeNames } from "@kasbah/pki";
import { parseDuration } from "@kasbah/runtime";
import { parse as parseHost } from "tldts";
import { z } from "zod";
import { openTerms, type Rate, type Rule, type Terms } from "../../issuance/rules.ts";
import { anyName, namespacePatterns, serviceAccountPatterns } from "./patterns.ts";

/** The content of a policy file. */
export interface PolicyFile {
  readonly rules: readonly Rule[];
  readonly fallback: Terms;
  readonly globalRate?: Rate;
}

const dnsName = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const duration = z.string().transform((text, context) => {
  try {
    const ms = parseDuration(text);
    if (ms > 0) return ms;
  } catch {
    // Reported below.
  }
  context.addIssue({ code: "custom", message: "expected a duration above zero such as 90s, 15m or 24h" });
  return z.NEVER;
});

const rate = z
  .strictObject({ perMinute: z.number().positive().max(1e9), burst: z.int().min(1).max(1_000_000) })
  .readonly();

const ttl = z
  .strictObject({
    default: duration.optional(),
    max: duration.optional(),
    onExcess: z.enum(["clamp", "refuse"]).default(openTerms.onExcess),
  })
  .refine(
    ({ default: usual = 0, max = Number.POSITIVE_INFINITY }) => usual <= max,
    "default is greater than max",
  );

const termsShape = {
  allow: z.boolean(),
  reason: z.string().min(1).max(200).optional(),
  ttl: ttl.prefault({}),
  keyTypes: z.array(z.enum(keyTypeNames)).min(1).optional(),
  dnsNames: z.array(z.string()).max(20).default([]),
  dangerouslyPublicNames: z.boolean().default(false),
  dangerouslyCaNames: z.boolean().default(false),
  onForeignNames: z.enum(["ignore", "refuse"]).default(openTerms.onForeignNames),
  onSharedKey: z.enum(["count", "refuse"]).default(openTerms.onSharedKey),
  rate: rate.optional(),
};

type ReadTerms = z.infer<z.ZodObject<typeof termsShape>>;

const terms = z.strictObject(termsShape).superRefine(checkDnsNames).transform(termsOf);

/** Each is the exact `iss` of tokens: a prefix could match an issuer that someone else registers. */
const issuers = z
  .array(z.string().regex(/^[^*]+$/, "expected the exact iss of tokens; patterns are not supported"))
  .min(1, "is empty and would match nothing; omit it to match every caller")
  .max(100);

const rule = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "expected lower-case letters, digits and hyphens"),
    issuers: issuers.optional(),
    namespaces: namespacePatterns.default([...anyName]),
    serviceAccounts: serviceAccountPatterns.default([...anyName]),
    ...termsShape,
  })
  .superRefine(checkDnsNames)
  .transform(({ name, issuers, namespaces, serviceAccounts, ...read }): Rule => {
    const callers = issuers === undefined ? {} : { issuers };
    return { name, ...callers, namespaces, serviceAccounts, terms: termsOf(read) };
  });

/** The schema of a policy file, version 1 (docs/policy.md). */
export const policySchema: z.ZodType<PolicyFile> = z
  .strictObject({
    version: z.literal(1, "expected version: 1"),
    rules: z.array(rule).max(10_000).default([]),
    default: terms,
    globalRate: rate.optional(),
  })
  .superRefine(({ rules }, context) => {
    const taken = new Set(["default"]);
    for (const [index, { name }] of rules.entries()) {
      if (!taken.has(name)) {
        taken.add(name);
        continue;
      }
      context.addIssue({
        code: "custom",
        path: ["rules", index, "name"],
        message: "is already used by another rule",
      });
    }
  })
  .transform(({ rules, default: fallback, globalRate }) => ({
    rules,
    fallback,
    ...(globalRate === undefined ? {} : { globalRate }),
  }));

function termsOf(read: ReadTerms): Terms {
  const { allow, reason, ttl, keyTypes, dnsNames, onForeignNames, onSharedKey, rate } = read;
  return {
    allow,
    dnsNames,
    onForeignNames,
    onSharedKey,
    onExcess: ttl.onExcess,
    ...(reason === undefined ? {} : { reason }),
    ...(ttl.default === undefined ? {} : { defaultTtlMs: ttl.default }),
    ...(ttl.max === undefined ? {} : { maxTtlMs: ttl.max }),
    ...(keyTypes === undefined ? {} : { keyTypes }),
    ...(rate === undefined ? {} : { rate }),
    ...(read.dangerouslyCaNames ? { dangerouslyCaNames: true } : {}),
  };
}

/**
 * Rejects public names: someone outside the mesh, who never agreed to trust this CA, could be shown such a
 * certificate.
 */
function checkDnsNames({ dnsNames, dangerouslyPublicNames }: ReadTerms, context: z.RefinementCtx): void {
  for (const [index, name] of dnsNames.entries()) {
    const problem = dnsNameProblem(name, dangerouslyPublicNames);
    if (problem !== undefined)
      context.addIssue({ code: "custom", path: ["dnsNames", index], message: problem });
  }
}

function dnsNameProblem(name: string, mayBePublic: boolean): string | undefined {
  const example = name.replaceAll("{namespace}", "n").replaceAll("{serviceAccount}", "s");
  if (example.length > 200 || isIP(example) !== 0 || !dnsName.test(example)) {
    return "is not a lower-case DNS name; it may contain {namespace} and {serviceAccount}";
  }
  if (mayBePublic) return undefined;
  // A namespace may be called dev, which is also a public suffix.
  if (/\{[a-zA-Z]+\}[^.]*$/.test(name)) {
    return "ends with the name of a namespace or service account, which may be a public suffix; end it with a fixed label";
  }
  const { isIcann, isPrivate } = parseHost(example, { allowPrivateDomains: true });
  return isIcann === true || isPrivate === true
    ? "is a public name; dangerouslyPublicNames: true allows it"
    : undefined;
}
