import type { WorkloadName } from "@kasbah/pki";
import { formatDuration } from "@kasbah/runtime";
import { stockClientFloorMs, ztunnelRetryMs } from "../../issuance/lifetime.ts";
import type { Matched } from "../../issuance/names/examples.ts";
import type { ReservedNames } from "../../issuance/names/reserved-names.ts";
import { findCollision, findReservedGrant, sharedTemplate } from "../../issuance/names/templates.ts";
import type { Terms } from "../../issuance/rules.ts";
import type { PolicyFile } from "./schema.ts";

/** Something in a policy that is well-formed, but that its author hardly meant. */
export interface PolicyFinding {
  /** Faults: `kasbah policy check` refuses the policy. A CA that runs with it must not stop, so it only warns. */
  readonly severity: "fault" | "advice";
  readonly code: "DNS_NAME_RESERVED" | "DNS_TEMPLATE_AMBIGUOUS" | "DNS_TEMPLATE_SHARED" | "TTL_BELOW_FLOOR";
  readonly rule: string;
  /** Where it is in the file. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

const anyName = [{ startsWith: "" }];

/** Returns what an operator should know about a policy before a CA loads it. */
export function findingsIn(
  { rules, fallback }: PolicyFile,
  reserved: ReservedNames,
): readonly PolicyFinding[] {
  const all = [
    ...rules.map((rule, index) => ({ ...rule, path: ["rules", index] })),
    { name: "default", namespaces: anyName, serviceAccounts: anyName, terms: fallback, path: ["default"] },
  ];
  return all
    .filter(({ terms }) => terms.allow)
    .flatMap((rule) => [...nameFindings(rule, reserved), ...lifetimeFindings(rule)]);
}

interface PlacedRule extends Matched {
  readonly name: string;
  readonly terms: Terms;
  readonly path: readonly (string | number)[];
}

function nameFindings(rule: PlacedRule, reserved: ReservedNames): readonly PolicyFinding[] {
  return rule.terms.dnsNames.flatMap((template, index) => {
    const place = { rule: rule.name, path: [...rule.path, "dnsNames", index] };
    return [
      ...reservedFinding(template, rule, reserved),
      ...collisionFinding(template, rule),
      ...sharedFinding(template, rule),
    ].map((found) => ({ ...found, ...place }));
  });
}

type Unplaced = Omit<PolicyFinding, "rule" | "path">;

function reservedFinding(template: string, rule: PlacedRule, reserved: ReservedNames): readonly Unplaced[] {
  if (rule.terms.dangerouslyCaNames === true) return [];
  const found = findReservedGrant(template, rule, reserved);
  if (found === undefined) return [];
  const { name, caller } = found;
  const who = caller === undefined ? "is" : `gives ${accountOf(caller)} the name ${name},`;
  const message = `DNS_NAME_RESERVED: ${template} ${who} a name of the CA itself, which the CA leaves out of workload certificates; choose another, or set dangerouslyCaNames: true`;
  return [{ severity: "fault", code: "DNS_NAME_RESERVED", message }];
}

function collisionFinding(template: string, rule: PlacedRule): readonly Unplaced[] {
  const found = findCollision(template, rule);
  if (found === undefined) return [];
  const [one, other] = found.callers;
  const message = `DNS_TEMPLATE_AMBIGUOUS: ${template} gives ${accountOf(one)} and ${accountOf(other)} the same name ${found.name}; separate the placeholders by a dot`;
  return [{ severity: "fault", code: "DNS_TEMPLATE_AMBIGUOUS", message }];
}

function sharedFinding(template: string, rule: PlacedRule): readonly Unplaced[] {
  if (!sharedTemplate(template, rule)) return [];
  const message = `DNS_TEMPLATE_SHARED: anyone who can create a service account in one of the rule's namespaces obtains any name of ${template}; add {namespace}, or name one namespace`;
  return [{ severity: "advice", code: "DNS_TEMPLATE_SHARED", message }];
}

/** Stock agents request 24 h, so only the limits of the policy make their certificates short. */
function lifetimeFindings({ name, terms, path }: PlacedRule): readonly PolicyFinding[] {
  const limits = { max: terms.maxTtlMs, default: terms.defaultTtlMs };
  return Object.entries(limits).flatMap(([field, ms]) => {
    if (ms === undefined || ms >= stockClientFloorMs) return [];
    const floor = formatDuration(stockClientFloorMs);
    const message = `TTL_BELOW_FLOOR: ${formatDuration(ms)} is below ${floor}: ztunnel waits up to ${formatDuration(ztunnelRetryMs)} after a failed renewal, by when such a certificate may have expired, and a peer whose clock is behind by more than a tenth of it rejects it`;
    return [
      { severity: "advice", code: "TTL_BELOW_FLOOR", rule: name, path: [...path, "ttl", field], message },
    ];
  });
}

function accountOf({ namespace, serviceAccount }: WorkloadName): string {
  return `service account ${serviceAccount} in ${namespace}`;
}
