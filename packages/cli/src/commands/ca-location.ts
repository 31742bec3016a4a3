import { join } from "node:path";
import { defaultStateDirectory } from "@kasbah/ca-server/state";
import { ConfigInvalidError } from "@kasbah/runtime";
import type { Command } from "commander";
import { AdminClient } from "../authority/admin-client.ts";
import type { OperatorClient } from "../authority/operator-client.ts";
import { RemoteCa } from "../cluster/remote-ca.ts";
import { type ClusterChoice, namesCluster } from "../kubectl/cluster-choice.ts";
import type { CommandDeps } from "./command-deps.ts";

/** The options that say which CA of this machine a command is about. */
export interface StateLocation {
  readonly stateDir?: string;
  readonly adminSocket?: string;
}

/** The same, or which CA of a cluster. */
export interface CaLocation extends StateLocation, ClusterChoice {
  /** Who acts, if not the local user. */
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

/** The flag, else the environment as the server reads it, else the server's own default. */
export function stateDirectoryOf({ stateDir }: StateLocation, { env, isRoot }: CommandDeps): string {
  return stateDir ?? (env["KASBAH_STATE_DIR"] || defaultStateDirectory({ isRoot, env }));
}

/** The CA that is meant. @throws ConfigInvalidError when it would be on this machine and in a cluster */
export function operatorClientOf(location: CaLocation, deps: CommandDeps): OperatorClient {
  const { stateDir, adminSocket, operator = deps.operator } = location;
  if (namesCluster(location)) {
    if ((stateDir ?? adminSocket) === undefined) return new RemoteCa(location, { ...deps, operator });
    throw new ConfigInvalidError([
      "--state-dir and --admin-socket select a CA on this machine, but -n, --context, --kubeconfig and --pod select a CA in a cluster: use one or the other",
    ]);
  }
  const inState = () => join(stateDirectoryOf(location, deps), "admin.sock");
  return new AdminClient(namedSocket(location, deps) ?? inState(), operator);
}

/**
 * Undefined when a socket is named and no directory: the default one may be another CA's; and in a cluster, where a CA that is
 * stopped is no pod.
 */
export function offlineDirectoryOf(location: CaLocation, deps: CommandDeps): string | undefined {
  if (namesCluster(location)) return undefined;
  const namesDirectory = location.stateDir !== undefined || Boolean(deps.env["KASBAH_STATE_DIR"]);
  if (namedSocket(location, deps) !== undefined && !namesDirectory) return undefined;
  return stateDirectoryOf(location, deps);
}

/** What a further command about the same CA has to be given, ready for a shell. */
export function flagsOf(location: CaLocation): string {
  const flags = {
    "--namespace": location.namespace,
    "--context": location.context,
    "--kubeconfig": location.kubeconfig,
    "--pod": location.pod,
    "--state-dir": location.stateDir,
    "--admin-socket": location.adminSocket,
  };
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  return given.map(([name, value = ""]) => ` ${name} ${shellWord(value)}`).join("");
}

/** A directory that is given by hand outranks a socket of the environment, which may be another CA's. */
function namedSocket({ stateDir, adminSocket }: StateLocation, { env }: CommandDeps): string | undefined {
  return adminSocket ?? (stateDir === undefined ? env["KASBAH_ADMIN_SOCKET"] || undefined : undefined);
}

function shellWord(text: string): string {
  return /^[\w./@:=+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
