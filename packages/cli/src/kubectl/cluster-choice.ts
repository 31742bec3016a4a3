import { type Command, InvalidArgumentError, Option } from "commander";

/** Which CA in which cluster; what is left out is as kubectl has it, but for the namespace. */
export interface ClusterChoice {
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  /** One replica. */
  readonly pod?: string;
}

export const defaultNamespace = "kasbah-system";

/** Adds the flags of a {@link ClusterChoice}; they are taken before a command's name and after it. */
export function withClusterOptions(program: Command): Command {
  return program
    .addOption(
      new Option(
        "-n, --namespace <name>",
        `query a CA in this namespace of a cluster (default: ${defaultNamespace})`,
      ).argParser(namespace),
    )
    .addOption(
      new Option("--context <name>", "kubectl context to use instead of the current one").argParser(named),
    )
    .addOption(new Option("--kubeconfig <file>", "kubeconfig file for kubectl").argParser(named))
    .addOption(new Option("--pod <name>", "query only this replica of a CA in a cluster").argParser(named));
}

/** Whether a CA in a cluster is meant: one of the flags is enough. */
export function namesCluster({ namespace, context, kubeconfig, pod }: ClusterChoice): boolean {
  return [namespace, context, kubeconfig, pod].some((one) => one !== undefined);
}

/** Starts with a letter or a digit, so that no program takes it for an option. */
function namespace(name: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) return name;
  throw new InvalidArgumentError("expected a name of lower case letters, digits and hyphens.");
}

/** To kubectl an empty name is none, so that a script's unset variable would mean another cluster. */
function named(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("expected a name, but the value is empty.");
}
