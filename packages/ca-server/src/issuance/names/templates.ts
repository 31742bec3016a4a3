import type { WorkloadName } from "@kasbah/pki";
import { exampleCaller, exampleOf, type Matched } from "./examples.ts";
import { decisiveLabels, type ReservedName, type ReservedNames } from "./reserved-names.ts";

const placeholder = /\{(namespace|serviceAccount)\}/g;
/** A service account with dots gets no name from a template, so every placeholder is one label at most. */
const label = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";

/** A DNS name of the CA that a template gives, and a caller that would get it; none if every caller would. */
export interface ReservedGrant {
  readonly name: string;
  readonly caller: WorkloadName | undefined;
}

/**
 * Returns the first name of the CA that a DNS name of a rule is or could become for another workload. The
 * workloads in the CA's own namespace are its operator's, so `{serviceAccount}.{namespace}.svc` is none.
 */
export function findReservedGrant(
  template: string,
  matched: Matched,
  reserved: ReservedNames,
): ReservedGrant | undefined {
  if (!hasPlaceholder(template))
    return reserved.contains(template) ? { name: template, caller: undefined } : undefined;
  for (const one of reserved.all) {
    const caller = callerOf(template, matched, one);
    if (caller !== undefined) return { name: expand(template, caller), caller };
  }
  return undefined;
}

function callerOf(template: string, matched: Matched, reserved: ReservedName): WorkloadName | undefined {
  const decisive = decisiveLabels(template.split("."), reserved);
  if (decisive === undefined) return undefined;
  const found = new RegExp(`^${expressionOf(decisive.join("."))}$`).exec(reserved.labels.join("."));
  if (found === null) return undefined;
  const caller = exampleCaller(matched, found.groups ?? {}, reserved.namespace);
  return caller?.namespace === reserved.namespace ? undefined : caller;
}

/** Labels have no characters that are special in a regular expression. */
function expressionOf(template: string): string {
  const seen = new Set<string>();
  return template.replaceAll(".", "\\.").replaceAll(placeholder, (_, name: string) => {
    if (seen.has(name)) return `\\k<${name}>`;
    seen.add(name);
    return `(?<${name}>${label})`;
  });
}

/** Two callers to which a template gives one name. */
export interface Collision {
  readonly name: string;
  readonly callers: readonly [WorkloadName, WorkloadName];
}

/** Enough for an example. A rule can have thousands of patterns. */
const maxPatterns = 8;

/**
 * Returns two callers of a rule that get the same name from a template that has both placeholders in one label:
 * where one ends and the other begins is not visible in the name.
 */
export function findCollision(template: string, matched: Matched): Collision | undefined {
  const joined = template.split(".").filter((part) => new Set(part.match(placeholder)).size > 1);
  if (joined.length === 0) return undefined;
  const separators = joined.flatMap((part) => part.split(placeholder).filter((_, index) => index % 2 === 0));
  const seen = new Map<string, WorkloadName>();
  for (const caller of candidates(matched, new Set(separators.slice(1, -1)))) {
    const name = expand(template, caller);
    const other = seen.get(name);
    if (other !== undefined) return { name, callers: [other, caller] };
    seen.set(name, caller);
  }
  return undefined;
}

function* candidates(
  { namespaces, serviceAccounts }: Matched,
  separators: ReadonlySet<string>,
): Iterable<WorkloadName> {
  const short = (patterns: Matched["namespaces"], endings: readonly string[]) =>
    patterns.slice(0, maxPatterns).flatMap((one) => endings.map((ending) => exampleOf(one, ending)));
  const parts = [...new Set([...short(namespaces, ["a", "b"]), ...short(serviceAccounts, ["a", "b"])])];
  const pairs = [...separators].flatMap((separator) =>
    parts.flatMap((left) => parts.map((right) => `${left}${separator}${right}`)),
  );
  const texts = [...new Set([...parts, ...pairs])].filter(
    (text) => text.length <= 63 && new RegExp(`^${label}$`).test(text),
  );
  for (const namespace of texts) {
    for (const serviceAccount of texts) {
      const caller = exampleCaller({ namespaces, serviceAccounts }, { namespace, serviceAccount });
      if (caller !== undefined) yield caller;
    }
  }
}

/** Whether a template gives callers in several namespaces the same name: they choose their service accounts. */
export function sharedTemplate(template: string, { namespaces }: Matched): boolean {
  const isOne = namespaces.length === 1 && namespaces.every((pattern) => "exactly" in pattern);
  return template.includes("{serviceAccount}") && !template.includes("{namespace}") && !isOne;
}

function hasPlaceholder(template: string): boolean {
  return template.search(placeholder) !== -1;
}

function expand(template: string, caller: WorkloadName): string {
  return template.replaceAll(placeholder, (_, name: keyof WorkloadName) => caller[name]);
}
