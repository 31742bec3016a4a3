import { bySeverity, type StatusFinding, worstLevel } from "../finding.ts";
import type { StatusReport } from "../report.ts";
import type { StatusFacts } from "../status-facts.ts";
import { sectionsOf } from "./sections.ts";

/** Judges what is known about a CA. It contacts nothing and knows no other time than that of the facts. */
export function assess(facts: StatusFacts): StatusReport {
  const { source, replicas } = facts;
  const findings: StatusFinding[] = [];
  findings.sort(bySeverity);
  return {
    source,
    level: worstLevel(findings.map(({ level }) => level)),
    findings,
    missing: replicas.flatMap(({ replica, missing }) =>
      missing.map((part) => (replica === "" ? part : `${replica}: ${part}`)),
    ),
    ...sectionsOf(facts),
  };
}
