import type { AgentAnswer, AgentView } from "./agent-view.ts";
import { explainFailure } from "./ca/explain-failure.ts";
import { clockFinding } from "./ca/judge-offset.ts";
import { type Observation, passed, warning } from "./report.ts";
import type { TokenClaims } from "./token/token-claims.ts";

const page = "docs/agent-status.md";
const harmfulOffsetMs = 10_000;
const maxWarnings = 5;

/** What the running agent reports: its last failure, its warnings and the time that it measured. */
export function checkAgent(agent: AgentAnswer, claims: TokenClaims | undefined): readonly Observation[] {
  if (agent.kind === "absent") {
    const what = `the SDS socket answers, but ${agent.problem}, so its last failure is unknown`;
    const fix = "start the agent, or set --status-address to its address";
    return [warning("socket", "STATUS_UNREACHABLE", { what, fix, page })];
  }
  if (agent.kind === "other-server") {
    const what = agent.problem;
    const fix = "give the agent another --status-address: Istio's pilot-agent occupies 15020";
    return [warning("socket", "STATUS_OTHER_SERVER", { what, fix, page })];
  }
  return reported(agent.view, claims);
}

function reported(view: AgentView, claims: TokenClaims | undefined): readonly Observation[] {
  const { version, state, lastFailure, clockOffsetMs = 0 } = view;
  const clock =
    Math.abs(clockOffsetMs) < harmfulOffsetMs
      ? []
      : [clockFinding(clockOffsetMs, "by the last certificate that the agent received")];
  const warnings = view.warnings.slice(0, maxWarnings).map((what) => {
    const fix = "see docs/agent-status.md for each warning";
    return warning("files", "AGENT_WARNING", { what, fix, page: `${page}#warnings` });
  });
  if (lastFailure === undefined) {
    return [
      passed("ca", `kasbah-agent ${version} is ${state}, and its last renewal succeeded`),
      ...clock,
      ...warnings,
    ];
  }
  const failure = explainFailure(lastFailure, claims);
  const times = lastFailure.failures === undefined ? "" : ` (${lastFailure.failures} in a row)`;
  const named = { ...failure, what: `the agent's last attempt failed${times}: ${failure.what}` };
  return [named, ...clock, ...warnings];
}
