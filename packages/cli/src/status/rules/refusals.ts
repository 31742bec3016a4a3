import { type RefusalAlert, statusTable } from "@kasbah/ca-server/refusals";
import { printableText } from "@kasbah/runtime";
import type { StatusFinding, StatusLevel } from "../finding.ts";
import type { StatusActivity } from "../report.ts";
import { recentCounts } from "../sections/recent.ts";
import type { RefusalSample } from "../status-facts.ts";
import { commandFor, type RuleContext } from "./rule.ts";

/** Callers that any port attracts, and pods that are going away. */
const expected: readonly string[] = ["TOKEN_MISSING", "CALLER_DELETED"];

const alerts: Readonly<Record<string, { readonly alert: RefusalAlert } | undefined>> = statusTable;

const pages: Readonly<Record<RefusalAlert, string>> = {
  KasbahAuthenticatorUnavailable: "docs/runbooks/authenticator-unavailable.md",
  KasbahCannotIssue: "docs/runbooks/cannot-issue.md",
  KasbahOverloaded: "docs/runbooks/overloaded.md",
  KasbahHighRefusalRate: "docs/refusals.md",
};

/** The refusals of the last ten minutes, one finding for each code. */
export function judgeRefusals(
  activity: StatusActivity | undefined,
  context: RuleContext,
): readonly StatusFinding[] {
  if (activity === undefined) return [];
  return recentCounts(activity.refused, activity)
    .filter(({ count }) => count > 0)
    .toSorted((one, other) => other.count - one.count)
    .map(({ code, count }) => refusalFinding(code, count, context));
}

function refusalFinding(code: string, count: number, context: RuleContext): StatusFinding {
  const sample = newestOf(code, context);
  const alert = alerts[code]?.alert ?? "KasbahHighRefusalRate";
  const calls = count === 1 ? "1 call" : `${count} calls`;
  const meaning = context.explain(code);
  const cause = sample?.problem || meaning?.cause || "a code of a later release";
  const caller = sample === undefined ? "" : `; the last was ${sample.caller}`;
  return {
    level: levelOf(code, alert, context),
    ...{ area: "refusals", code, what: `${calls} refused in 10 minutes: ${cause}${caller}` },
    fix: fixFor(sample, meaning?.fix, context),
    page: pages[alert],
  };
}

/** A CA that is ready has recovered from an outage, whose refusals are still in the window. */
function levelOf(code: string, alert: RefusalAlert, { facts }: RuleContext): StatusLevel {
  if (expected.includes(code)) return "ok";
  const isOutage = alert === "KasbahCannotIssue" || alert === "KasbahAuthenticatorUnavailable";
  const isReady = facts.replicas.some(({ overview }) => overview?.ready === true);
  return isOutage && !isReady ? "critical" : "warning";
}

function newestOf(code: string, { facts }: RuleContext): RefusalSample | undefined {
  const all = facts.replicas.flatMap(({ refusals = [] }) => refusals.filter((one) => one.code === code));
  return all.toSorted((one, other) => other.time.getTime() - one.time.getTime())[0];
}

function fixFor(
  sample: RefusalSample | undefined,
  general: string | undefined,
  context: RuleContext,
): string {
  if (sample === undefined) return general ?? `${commandFor(context, "refusals")} lists the callers`;
  const why = commandFor(context, `why ${printableText(sample.reference, 40)}`);
  const fix = sample.fix || general?.replace(/^the operator: /, "");
  return fix === undefined ? `${why} shows the cause` : `${fix} (${why})`;
}
