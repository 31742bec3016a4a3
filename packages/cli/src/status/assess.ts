import { bySeverity, type StatusFinding, worstLevel } from "./finding.ts";
import type { StatusReport } from "./report.ts";
import { judgeClock, judgeClocks } from "./rules/clock.ts";
import { judgeStopped } from "./rules/down.ts";
import { judgeHandshakes } from "./rules/handshakes.ts";
import { judgeIdentities } from "./rules/identities.ts";
import { judgeIssuers } from "./rules/issuers.ts";
import { judgeLedger } from "./rules/ledger.ts";
import { judgeReadiness } from "./rules/readiness.ts";
import { judgeRefusals } from "./rules/refusals.ts";
import { judgeReplicaSet } from "./rules/replicas.ts";
import { type CodeMeaning, judgeReplicas, type RuleContext } from "./rules/rule.ts";
import { nowOf, reportSections } from "./sections/sections.ts";
import { softened } from "./softened.ts";
import type { StatusFacts } from "./status-facts.ts";

/** The causes come before their consequences. */
const ofReplicas = [judgeStopped, judgeClock, judgeIssuers, judgeLedger, judgeReadiness] as const;

/**
 * Judges what is known about a CA. It contacts nothing and knows no other time than that of the facts.
 *
 * @param explain what a code of the CA means
 */
export function assess(facts: StatusFacts, explain: (code: string) => CodeMeaning | undefined): StatusReport {
  const sections = reportSections(facts);
  const context: RuleContext = { facts, now: nowOf(facts), explain };
  const own = softened(judgeReplicas(ofReplicas, context), facts);
  // The activity of a stopped CA is that of its last hour.
  const activity = facts.source.kind === "stopped" ? undefined : sections.activity;
  const all = [
    ...judgeReplicaSet(context),
    ...own,
    ...judgeClocks(context),
    ...judgeRefusals(activity, context),
    ...judgeHandshakes(activity, context),
    ...judgeIdentities(sections.identities, context),
  ];
  const missing = missingOf(facts);
  const findings = [...all, ...incomplete(missing)].sort(bySeverity);
  const level = worstLevel(findings.map((finding) => finding.level));
  return { source: facts.source, level, findings, missing, ...sections };
}

function missingOf({ replicas }: StatusFacts): readonly string[] {
  const all = replicas.flatMap(({ replica, missing }) =>
    missing.map((part) => (replica === "" ? part : `${replica}: ${part}`)),
  );
  return [...new Set(all)];
}

/** A report without some of its parts must not look like one in which all is well. */
function incomplete(missing: readonly string[]): readonly StatusFinding[] {
  const [first] = missing;
  if (first === undefined) return [];
  const more = missing.length === 1 ? "" : ` (and ${missing.length - 1} more)`;
  return [
    {
      ...{ level: "warning", area: "ca", code: "STATUS_INCOMPLETE", what: `${first}${more}` },
      fix: "run the command as the user of the CA; upgrade a CA of an earlier release",
      page: "docs/status.md",
    },
  ];
}
