import { type AgentReport, doctorExitCodes } from "../../doctor/agent-report.ts";
import { renderDoctor } from "../../doctor/render-report.ts";
import type { ClusterChoice } from "../../kubectl/cluster-choice.ts";
import { toJson } from "../../output/json.ts";
import type { CommandDeps } from "../command-deps.ts";

export interface DoctorOptions extends ClusterChoice {
  readonly agent?: string;
  readonly container?: string;
  readonly caNamespace?: string;
  readonly try: boolean;
  readonly json: boolean;
}

/** Prints a report, and sets the exit code that follows from it. */
export function printDoctor(
  report: AgentReport,
  place: string,
  { json }: Pick<DoctorOptions, "json">,
  { screen, setExitCode }: CommandDeps,
): void {
  screen.write(json ? toJson(report) : renderDoctor(report, { place, isColoured: screen.colour }));
  setExitCode(doctorExitCodes[report.level]);
}
