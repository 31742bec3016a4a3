import { join } from "node:path";
import { defaultStateDirectory } from "@kasbah/ca-server/state";
import { ConfigInvalidError, quoted, schema } from "@kasbah/runtime";
import type { Command } from "commander";
import { AdminClient } from "../authority/admin-client.ts";
import type { OperatorClient } from "../authority/operator-client.ts";
import { RemoteCa } from "../cluster/remote-ca.ts";
import { type ClusterChoice, namesCluster } from "../kubectl/cluster-choice.ts";
import { shellWord } from "../output/shell-word.ts";
import type { CommandDeps } from "./command-deps.ts";

/** The options that select a CA on this machine. */
export interface StateLocation {
  readonly stateDir?: string;
  readonly adminSocket?: string;
}

/** The options that select a CA on this machine or in a cluster. */
export interface CaLocation extends StateLocation, ClusterChoice {
  /** The operator's name, if not the local user. */
  readonly operator?: string;
}

const stateDirHelp =
  "the CA's state directory (env: KASBAH_STATE_DIR, default: /var/lib/kasbah for root, else kasbah in $XDG_STATE_HOME)";
const adminSocketHelp =
  "the CA's admin socket, if it is not in the state directory (env: KASBAH_ADMIN_SOCKET)";

/** Adds the flags of a {@link StateLocation}. */
export function withStateLocation(command: Command): Command {
  return command.option("--state-dir <dir>", stateDirHelp).option("--admin-socket <path>", adminSocketHelp);
}

/** The directory of the flag, else of the environment, else the server's default. */
export function stateDirectoryOf({ stateDir }: StateLocation, { env, isRoot }: CommandDeps): string {
  return stateDir ?? (env["KASBAH_STATE_DIR"] || defaultStateDirectory({ isRoot, env }));
}

/**
 * The client of the selected CA. @throws ConfigInvalidError if the location names both this machine and a
 * cluster
 */
export function operatorClientOf(location: CaLocation, deps: CommandDeps): OperatorClient {
  const { stateDir, adminSocket, operator = deps.operator } = location;
  if (namesCluster(location)) {
    if ((stateDir ?? adminSocket) === undefined) return new RemoteCa(location, { ...deps, operator });
    throw new ConfigInvalidError([
      "--state-dir and --admin-socket select a CA on this machine, but -n, --context, --kubeconfig, --installation and --pod select a CA in a cluster: use one or the other",
    ]);
  }
  return adminClientOf(location, deps);
}

/** The client of a CA on this machine. */
export function adminClientOf(location: CaLocation, deps: CommandDeps): AdminClient {
  const { operator = deps.operator } = location;
  const inState = () => join(stateDirectoryOf(location, deps), "admin.sock");
  return new AdminClient(namedSocket(location, deps) ?? inState(), operator);
}

/**
 * Undefined if only a socket is given, because the default directory may belong to another CA; and in a
 * cluster, where a stopped CA has no pod.
 */
export function offlineDirectoryOf(location: CaLocation, deps: CommandDeps): string | undefined {
  if (namesCluster(location)) return undefined;
  const namesDirectory = location.stateDir !== undefined || Boolean(deps.env["KASBAH_STATE_DIR"]);
  if (namedSocket(location, deps) !== undefined && !namesDirectory) return undefined;
  return stateDirectoryOf(location, deps);
}

/** The flags that select the same CA in another command, quoted for a shell. */
export function flagsOf(location: CaLocation): string {
  const flags = {
    "--namespace": location.namespace,
    "--context": location.context,
    "--kubeconfig": location.kubeconfig,
    "--installation": location.installation,
    "--pod": location.pod,
    "--state-dir": location.stateDir,
    "--admin-socket": location.adminSocket,
  };
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  return given.map(([name, value = ""]) => ` ${name} ${shellWord(value)}`).join("");
}

/**
 * The socket of the flag or of the environment. An explicit directory takes precedence over a socket from the environment, which may belong to another CA.
 */
function namedSocket({ stateDir, adminSocket }: StateLocation, { env }: CommandDeps): string | undefined {
  const variable = "KASBAH_ADMIN_SOCKET";
  if (adminSocket !== undefined) return checkedSocket(adminSocket, "the command line");
  const text = stateDir === undefined ? env[variable] : undefined;
  return text ? checkedSocket(text, `environment ${variable}`) : undefined;
}

function checkedSocket(text: string, source: string): string {
  const read = schema.socketPath.read(text);
  if (read.ok) return read.value;
  throw new ConfigInvalidError([`--admin-socket (from ${source}): ${read.problem}, got ${quoted(text)}`]);
}
