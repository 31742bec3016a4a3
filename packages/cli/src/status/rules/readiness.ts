import type { StatusFinding } from "../finding.ts";
import type { ReplicaFacts } from "../status-facts.ts";
import { freeSpace } from "./ledger.ts";
import { commandFor, type RuleContext } from "./rule.ts";
import { warningFinding } from "./warnings.ts";

/** More would hide the rest; a CA has a dozen parts that can report something. */
const most = 20;

/** The prefixes of reasons about which another rule knows more. */
const judgedElsewhere = ["issuer: ", "ledger: ", "clock: "];

/** Why the CA is not ready, and what it warns about. */
export function judgeReadiness(one: ReplicaFacts, context: RuleContext): readonly StatusFinding[] {
  const { overview, authorities } = one;
  // A stopped CA is not ready for the reason that it is stopped; only its authorities can need attention.
  if (one.stopped !== undefined) return warningsOf(authorities?.warnings ?? [], one, context);
  const reasons = (overview?.reasons ?? []).slice(0, most);
  const warnings = overview?.warnings ?? authorities?.warnings ?? [];
  const elsewhere = cannotSign(one) ? [...judgedElsewhere, "grpc: "] : judgedElsewhere;
  const unready = reasons.filter((reason) => !elsewhere.some((prefix) => reason.startsWith(prefix)));
  return [
    ...(isUnreadyWithoutReason(one) ? [unknownReason(context)] : []),
    ...unready.map((reason) => unreadyFinding(reason, context)),
    ...warningsOf(warnings, one, context),
  ];
}

/** Without an authority that signs, the CA has no serving certificate, and therefore no open port. */
function cannotSign({ overview, authorities }: ReplicaFacts): boolean {
  return (
    authorities !== undefined && (overview?.reasons ?? []).some((reason) => reason.startsWith("issuer: "))
  );
}

/** Kubernetes knows whether a pod is ready that this operator, or this release, cannot ask. */
function isUnreadyWithoutReason({ overview, failure, isPodReady }: ReplicaFacts): boolean {
  if (overview === undefined) return failure === undefined && isPodReady === false;
  return !overview.ready && overview.reasons.length === 0;
}

function warningsOf(
  warnings: readonly string[],
  one: ReplicaFacts,
  context: RuleContext,
): readonly StatusFinding[] {
  return [...new Set(warnings)].slice(0, most).flatMap((text) => warningFinding(text, one, context));
}

function unreadyFinding(reason: string, context: RuleContext): StatusFinding {
  const common = { level: "critical", area: "ca", what: `the CA is not ready: ${reason}` } as const;
  if (reason.startsWith("state: ")) {
    const isFull = /\((ENOSPC|EDQUOT)\)/.test(reason);
    return {
      ...common,
      ...(isFull ? ({ area: "disk", code: "DISK_FULL" } as const) : { code: "STATE_NOT_DURABLE" }),
      fix: isFull
        ? freeSpace(context)
        : "repair the volume or the Secret that the reason names; the CA then continues by itself",
      page: "docs/runbooks/disk-full.md",
    };
  }
  if (reason.startsWith("grpc: ")) {
    const fix = "the CA's log names the reason; restart the CA if it lasts";
    return { ...common, code: "PORT_CLOSED", fix, page: "docs/troubleshooting.md" };
  }
  return {
    ...common,
    code: "CALLERS_UNKNOWN",
    fix: "repair the source that the reason names: the API server, its permissions, or the key set",
    page: "docs/runbooks/authenticator-unavailable.md",
  };
}

function unknownReason(context: RuleContext): StatusFinding {
  return {
    ...{ level: "critical", area: "ca", code: "CA_NOT_READY" },
    what: "the CA is not ready and gives no reason",
    fix: `${commandFor(context, "refusals")} shows what it refuses`,
    page: "docs/troubleshooting.md",
  };
}
