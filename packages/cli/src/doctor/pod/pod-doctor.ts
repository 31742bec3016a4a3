import { printableText } from "@kasbah/runtime";
import { CliError } from "../../errors.ts";
import { errorWordsOf } from "../../kubectl/error-words.ts";
import type { KubectlRun, RunKubectl } from "../../kubectl/kubectl.ts";
import { explainKubectl } from "../../kubectl/kubectl-failure.ts";
import { type AgentReport, parseAgentReport } from "../agent-report.ts";
import type { PodAgent } from "./find-agent.ts";

const deadlineMs = 90_000;
const maxStatus = 16_384;

/** What an agent in a pod says of itself. */
export type PodAnswer =
  | { readonly kind: "report"; readonly report: AgentReport }
  /** Its agent is older than the doctor: the text of its status command. */
  | { readonly kind: "older"; readonly status: string };

/**
 * Runs `kasbah-agent doctor` in the pod, in the container of its agent.
 * @throws CliError if neither it nor `kasbah-agent status` can run there
 */
export async function examinePod(
  agent: PodAgent,
  flags: readonly string[],
  kubectl: RunKubectl,
): Promise<PodAnswer> {
  const run = await exec(agent, ["doctor", ...agent.flags, ...flags, "--json"], kubectl);
  const report = parseAgentReport(run.stdout);
  if (report !== undefined) return { kind: "report", report };
  if (exitCodeOf(run) === 2 && /unknown command/.test(run.stderr)) {
    return { kind: "older", status: await askStatus(agent, kubectl) };
  }
  if (run.end === "well" || exitCodeOf(run) !== undefined) {
    const words = run.end === "well" ? "its answer is not a report" : errorWordsOf(run.stderr);
    throw new CliError("TARGET_REPLY_INVALID", `kasbah-agent doctor in ${agent.pod} failed: ${words}`);
  }
  throw explainKubectl(run, deadlineMs);
}

async function askStatus(agent: PodAgent, kubectl: RunKubectl): Promise<string> {
  const run = await exec(agent, ["status", ...agent.flags], kubectl);
  // Exit code 1 says that the agent is not ready: its status is on stdout nevertheless.
  if (run.stdout !== "") return printable(run.stdout);
  return run.end === "failed" ? `${errorWordsOf(run.stderr)}\n` : "";
}

function exec({ pod, namespace, container }: PodAgent, args: readonly string[], kubectl: RunKubectl) {
  const place = [`--namespace=${namespace}`, `--container=${container}`];
  return kubectl(["exec", ...place, pod, "--", "kasbah-agent", ...args], { deadlineMs });
}

function exitCodeOf({ end, stderr }: KubectlRun): number | undefined {
  const [, code] = /(?:^|\n)command terminated with exit code (\d{1,3})\s*$/.exec(stderr) ?? [];
  return end !== "failed" || code === undefined ? undefined : Number(code);
}

function printable(text: string): string {
  return text
    .slice(0, maxStatus)
    .split("\n")
    .map((line) => printableText(line))
    .join("\n");
}
