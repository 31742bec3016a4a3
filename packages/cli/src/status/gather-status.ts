import { assess } from "./assess.ts";
import type { StatusReport } from "./report.ts";
import type { CodeMeaning } from "./rules/rule.ts";
import type { StatusFacts } from "./status-facts.ts";

/** A CA on this machine, a stopped one, or the replicas of one in a cluster. */
export interface StatusPlace {
  /** @throws CliError if nothing at all is known about the CA */
  facts(): Promise<StatusFacts>;
  /** What a code of the CA means. */
  explain(code: string): CodeMeaning | undefined;
}

/** Reads and judges how a CA is. @throws CliError if nothing at all is known about it */
export async function gatherStatus(place: StatusPlace): Promise<StatusReport> {
  return assess(await place.facts(), (code) => place.explain(code));
}
