import type { StatusFinding } from "./finding.ts";
import type { StatusFacts } from "./status-facts.ts";

/** Findings about what all replicas share; no other replica makes up for them. */
const shared: readonly string[] = ["issuer", "rotation"];

/** As long as another replica is ready, what keeps one from issuing is no outage. */
export function softened(
  findings: readonly StatusFinding[],
  { replicas }: StatusFacts,
): readonly StatusFinding[] {
  const ready = new Set(
    replicas.filter(({ overview }) => overview?.ready === true).map(({ replica }) => replica),
  );
  const isCovered = ({ level, area, code, replicas: own }: StatusFinding) =>
    level === "critical" &&
    !shared.includes(area) &&
    code !== "LEDGER_LOST" &&
    own !== undefined &&
    [...ready].some((name) => !own.includes(name));
  return findings.map((finding) => (isCovered(finding) ? { ...finding, level: "warning" } : finding));
}
