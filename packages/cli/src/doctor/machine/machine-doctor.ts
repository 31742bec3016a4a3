import { printableText } from "@kasbah/runtime";
import { CliError } from "../../errors.ts";
import { runProgram } from "../../mesh/processes/run-program.ts";
import { agentProgram } from "../../shipped-files.ts";
import { type AgentReport, parseAgentReport } from "../agent-report.ts";

const deadlineMs = 90_000;

export interface AgentProgramDeps {
  readonly nodePath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/**
 * Runs the sibling program `kasbah-agent doctor` with the settings of an agent.
 * @throws CliError `PROCESS_FAILED` with its message
 */
export async function examineMachine(
  { flags, env }: { readonly flags: readonly string[]; readonly env: Readonly<Record<string, string>> },
  deps: AgentProgramDeps,
): Promise<AgentReport> {
  const options = { env: { ...deps.env, ...env }, deadlineMs, signal: deps.signal };
  const args = [agentProgram, "doctor", ...flags, "--json"];
  const { output } = await runProgram(deps.nodePath, args, options);
  deps.signal.throwIfAborted();
  const report = parseAgentReport(output);
  if (report !== undefined) return report;
  const words = printableText(output.trim(), 1_000) || `no answer within ${deadlineMs / 1_000} s`;
  throw new CliError("PROCESS_FAILED", `kasbah-agent doctor failed: ${words}`);
}
