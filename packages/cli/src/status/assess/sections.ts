import type { StatusReport } from "../report.ts";
import type { StatusFacts } from "../status-facts.ts";

/** The parts of the report that show values without judging them. */
export function sectionsOf({ source }: StatusFacts): Pick<StatusReport, "now" | "authorities" | "replicas"> {
  return { now: source.readAt, authorities: [], replicas: [] };
}
