import { printableText } from "@kasbah/runtime";
import { RemoteCa } from "../../cluster/remote-ca.ts";
import { type AgentFinding, type AgentReport, withFindings } from "../../doctor/agent-report.ts";
import { findAgent, type PodAgent } from "../../doctor/pod/find-agent.ts";
import { examinePod } from "../../doctor/pod/pod-doctor.ts";
import { compareRoots, readPublishedRoots } from "../../doctor/pod/published-roots.ts";
import { newestRefusal } from "../../doctor/pod/refusals-of-pod.ts";
import { CliError } from "../../errors.ts";
import { kubectlRunner } from "../../kubectl/kubectl.ts";
import { toJson } from "../../output/json.ts";
import type { CommandDeps } from "../command-deps.ts";
import { type DoctorOptions, printDoctor } from "./print-doctor.ts";

/** Examines the agent in a pod, and compares its report with what the cluster knows. */
export async function doctorOfPod(
  pod: string,
  flags: readonly string[],
  options: DoctorOptions,
  deps: CommandDeps,
): Promise<void> {
  const kubectl = kubectlRunner(options, deps);
  const { namespace, container } = options;
  const agent = await findAgent({ pod, namespace, container }, kubectl);
  const place = `${agent.namespace}/${agent.pod}`;
  const answer = await examinePod(agent, flags, kubectl);
  if (answer.kind === "older") {
    const note = `the kasbah-agent in ${place} is older than kasbah doctor; its own status says:`;
    deps.screen.write(
      options.json ? toJson({ older: true, status: answer.status }) : `${note}\n\n${answer.status}`,
    );
    deps.setExitCode(1);
    return;
  }
  const more = await clusterFindings(agent, answer.report, options, deps);
  printDoctor(withFindings(answer.report, more), place, options, deps);
}

/** What the CA and the namespace add. A CA that cannot be asked costs a warning on stderr. */
async function clusterFindings(
  agent: PodAgent,
  report: AgentReport,
  options: DoctorOptions,
  deps: CommandDeps,
): Promise<readonly AgentFinding[]> {
  const choice = caChoiceOf(options);
  const { namespace } = agent;
  const [published, status, refusal] = await Promise.all([
    readPublishedRoots(agent, kubectlRunner(options, deps)),
    orWarning(new RemoteCa(choice, deps).status(), deps),
    orWarning(newestRefusal(agent, choice, { ...deps, now: deps.clock.now() }), deps),
  ]);
  const { authorities } = status ?? {};
  const roots = compareRoots({ report, published, authorities, namespace });
  return refusal === undefined ? roots : [...roots, refusal];
}

function caChoiceOf({ caNamespace: namespace, context, kubeconfig }: DoctorOptions) {
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(context === undefined ? {} : { context }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  };
}

const warned = new WeakSet<CommandDeps>();

async function orWarning<T>(asked: Promise<T>, deps: CommandDeps): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    if (!warned.has(deps)) {
      const words = printableText(error.message, 500);
      deps.stderr.write(
        `kasbah: warning: the CA was not asked (${words}); set --ca-namespace if it is elsewhere\n`,
      );
    }
    warned.add(deps);
    return undefined;
  }
}
