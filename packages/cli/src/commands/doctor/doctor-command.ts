import { ConfigInvalidError, printableText } from "@kasbah/runtime";
import { Command } from "commander";
import { agentEnvironment } from "../../doctor/machine/agent-environment.ts";
import { examineMachine } from "../../doctor/machine/machine-doctor.ts";
import { namesCluster } from "../../kubectl/cluster-choice.ts";
import type { CommandDeps } from "../command-deps.ts";
import { doctorOfPod } from "./pod-command.ts";
import { type DoctorOptions, printDoctor } from "./print-doctor.ts";

const help = `
Examines why a workload has no certificate, or may soon have none: its token, its root file, the CA, the clock, the
agent's socket, Envoy and the output files. Each problem is printed with its fix. It changes nothing.

In a pod it runs kasbah-agent doctor with kubectl exec, in the container of the agent and with the agent's flags, and
compares the result with what the cluster knows: the published root, the CA's root, and the CA's newest refusal of
this pod. On this machine it runs kasbah-agent doctor with the settings of --agent, or with the flags after --.

Exit codes
  0  everything that was checked is in order
  3  there is a warning
  4  something is broken
  1  it could not be examined, for example because the agent is older than this command
  2  the command line is invalid

Examples
  $ kasbah doctor web-7d9f -n demo                 the agent in this pod
  $ kasbah doctor web-7d9f -n demo -c istio-proxy  in this container
  $ kasbah doctor --agent web                      the agent kasbah-agent@web of systemd on this machine
  $ kasbah doctor -- --ca-address ca.example:15012 --ca-root root.pem --token-file token
  $ kasbah doctor web-7d9f -n demo --json | jq -r '.findings[].code'`;

/** `kasbah doctor`. */
export function doctorCommand(deps: CommandDeps): Command {
  return new Command("doctor")
    .description("examine why a workload has no certificate, in a pod or on this machine")
    .argument("[pod]", "the pod; without it, this machine")
    .argument("[flags...]", "flags of the agent, after --")
    .option("--agent <name>", "an agent of this machine, as in kasbah-agent@<name>.service")
    .option("-c, --container <name>", "the container of the pod (default: the one with kasbah-agent)")
    .option("--ca-namespace <name>", "the namespace of the CA (default: kasbah-system)")
    .option("--try", "also request a certificate, which the CA records and the doctor drops", false)
    .option("--json", "print JSON", false)
    .addHelpText("after", help)
    .action((pod: string | undefined, flags: string[], _, own: Command) =>
      doctor(pod, flags, own.optsWithGlobals<DoctorOptions>(), deps),
    );
}

async function doctor(
  pod: string | undefined,
  flags: readonly string[],
  options: DoctorOptions,
  deps: CommandDeps,
): Promise<void> {
  // Without a pod, the first flag after -- is in its place.
  const isPod = pod !== undefined && !pod.startsWith("-");
  const given = isPod || pod === undefined ? flags : [pod, ...flags];
  refuseContradiction(isPod, given, options);
  const ofAgent = [...given, ...(options.try ? ["--try"] : [])];
  if (isPod) return doctorOfPod(pod, ofAgent, options, deps);
  const env = options.agent === undefined ? {} : await agentEnvironment(options.agent);
  printDoctor(await examineMachine({ flags: ofAgent, env }, deps), "this machine", options, deps);
}

function refuseContradiction(isPod: boolean, flags: readonly string[], options: DoctorOptions): void {
  const problems = [
    ...(isPod && options.agent !== undefined
      ? ["--agent: names an agent of this machine; remove it, or the pod"]
      : []),
    ...(!isPod && (namesCluster(options) || options.container !== undefined)
      ? ["-n, -c, --context and --kubeconfig: need the name of a pod, as in kasbah doctor POD -n NAMESPACE"]
      : []),
    ...flags
      .filter((flag) => !flag.startsWith("-") && flag === flags[0])
      .map((flag) => `unexpected argument ${printableText(flag, 80)}: flags of the agent come after --`),
  ];
  if (problems.length > 0) throw new ConfigInvalidError(problems);
}
