import type { RefusedEntry } from "@kasbah/ledger";
import { remoteRefusals } from "../../cluster/audit/refusals-of-replicas.ts";
import type { ReplicasDeps } from "../../cluster/replicas.ts";
import type { ClusterChoice } from "../../kubectl/cluster-choice.ts";
import { relativeTime } from "../../output/relative-time.ts";
import { parseAddressFilter } from "../../refusals/refusal-filter.ts";
import type { AgentFinding } from "../agent-report.ts";
import type { PodAgent } from "./find-agent.ts";

const lookBackMs = 3_600_000;
/** A failing agent tries every five minutes at least. */
const freshMs = 600_000;
const lines = 50;

/** The newest refusal of this pod in the ledgers of the CA, as a finding with the CA's own fix. */
export async function newestRefusal(
  agent: PodAgent,
  choice: ClusterChoice,
  deps: ReplicasDeps & { readonly now: Date },
): Promise<AgentFinding | undefined> {
  if (agent.podIp === undefined) return undefined;
  const since = new Date(deps.now.getTime() - lookBackMs);
  const filter = { since, address: parseAddressFilter(agent.podIp) };
  const { refusals } = await remoteRefusals(choice, filter, lines, deps);
  const own = refusals.map(({ entry }) => entry).filter((entry) => isOf(entry, agent));
  const newest = own.at(-1);
  return newest === undefined ? undefined : findingOf(newest, deps.now);
}

/** Pods with the host's network share an address. */
function isOf({ caller }: RefusedEntry, { pod }: PodAgent): boolean {
  return caller?.pod === undefined || caller.pod.name === pod;
}

function findingOf(entry: RefusedEntry, now: Date): AgentFinding | undefined {
  const { time, code, problem, expected, seen, fix, rule, referenceId } = entry;
  const at = new Date(time);
  if (now.getTime() - at.getTime() > freshMs) return undefined;
  const clauses = [
    problem,
    ...(rule === undefined ? [] : [`by the rule ${rule}`]),
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(seen === undefined ? [] : [`seen ${seen}`]),
  ];
  const what = `the CA refused this pod ${relativeTime(at, now)}: ${clauses.join(", ")}`;
  const why = `kasbah why ${referenceId}`;
  return {
    level: "warning",
    area: code.startsWith("TOKEN_") ? "token" : "ca",
    code,
    what,
    fix: fix === undefined ? why : `${fix}; ${why}`,
    page: "docs/refusals.md",
  };
}
