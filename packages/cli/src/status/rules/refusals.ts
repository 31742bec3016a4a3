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
  const samples = samplesOf(code, context);
  const [newest] = samples;
  const alert = alerts[code]?.alert ?? "KasbahHighRefusalRate";
  const meaning = context.explain(code);
  const cause = newest?.problem || meaning?.cause || "a code of a later release";
  const calls = count === 1 ? "1 call" : `${count} calls`;
  return {
    level: levelOf(code, alert, context),
    ...{ area: "refusals", code, what: `${calls}${callersOf(samples)} refused in 10 minutes: ${cause}` },
    fix: fixFor(newest, meaning?.fix, context),
    page: pages[alert],
  };
}

/** Whether it is one pod or many makes a difference. */
function callersOf(samples: readonly RefusalSample[]): string {
  const callers = new Set(samples.flatMap((one) => one.callers));
  const [newest] = samples;
  if (newest === undefined) return "";
  return callers.size === 1
    ? ` of ${newest.caller}`
    : ` of ${callers.size} callers, such as ${newest.caller},`;
}

/** A CA that is ready has recovered from an outage, whose refusals are still in the window. */
function levelOf(code: string, alert: RefusalAlert, { facts }: RuleContext): StatusLevel {
  if (expected.includes(code)) return "ok";
  const isOutage = alert === "KasbahCannotIssue" || alert === "KasbahAuthenticatorUnavailable";
  const isReady = facts.replicas.some(({ overview }) => overview?.ready === true);
  return isOutage && !isReady ? "critical" : "warning";
}

/** Of all replicas, the newest first. */
function samplesOf(code: string, { facts }: RuleContext): readonly RefusalSample[] {
  const all = facts.replicas.flatMap(({ refusals = [] }) => refusals.filter((one) => one.code === code));
  return all.toSorted((one, other) => other.time.getTime() - one.time.getTime());
}

const forOperators = /^the operator: /;

/** The fix of a refusal is for the caller; that of its code may be for the operator, who reads this. */
function fixFor(
  sample: RefusalSample | undefined,
  general: string | undefined,
  context: RuleContext,
): string {
  const own = forOperators.test(general ?? "")
    ? general?.replace(forOperators, "").split(";", 1)[0]
    : general;
  if (sample === undefined) return own ?? `${commandFor(context, "refusals")} lists the callers`;
  const why = commandFor(context, `why ${printableText(sample.reference, 40)}`);
  const isOperators = general !== undefined && forOperators.test(general);
  const fix = isOperators ? own : sample.fix || own;
  return fix === undefined ? `${why} shows the cause` : `${fix} (${why})`;
}
