import { type Command, InvalidArgumentError, Option } from "commander";

/** Selects a CA in a cluster. Missing values have kubectl's defaults, except for the namespace. */
export interface ClusterChoice {
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  /** The name of the CA, if the namespace has several. */
  readonly installation?: string;
  /** A single replica. */
  readonly pod?: string;
}

export const defaultNamespace = "kasbah-system";

/** Adds the flags of a {@link ClusterChoice}, which are accepted before and after a command's name. */
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
    .addOption(
      new Option(
        "--installation <name>",
        "query the CA with this name, if the namespace has several",
      ).argParser(named),
    )
    .addOption(new Option("--pod <name>", "query only this replica of a CA in a cluster").argParser(named));
}

/** Whether any flag selects a CA in a cluster. */
export function namesCluster(choice: ClusterChoice): boolean {
  const { namespace, context, kubeconfig, installation, pod } = choice;
  return [namespace, context, kubeconfig, installation, pod].some((one) => one !== undefined);
}

/** Must start with a letter or a digit, so that no program takes it for an option. */
function namespace(name: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) return name;
  throw new InvalidArgumentError("expected a name of lower case letters, digits and hyphens.");
}

/** kubectl ignores an empty name, so an unset variable in a script would select another cluster. */
function named(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("expected a name, but the value is empty.");
}
