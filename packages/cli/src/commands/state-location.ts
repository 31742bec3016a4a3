import { join } from "node:path";
import { defaultStateDirectory } from "@kasbah/ca-server/state";
import type { Command } from "commander";
import { AdminClient } from "../authority/admin-client.ts";
import type { CommandWorld } from "./command-world.ts";

/** The options that say which CA a command is about. */
export interface StateLocation {
  readonly stateDir?: string;
  readonly adminSocket?: string;
}

const stateDirHelp =
  "the CA's state directory (env: KASBAH_STATE_DIR, default: /var/lib/kasbah for root, else kasbah in $XDG_STATE_HOME)";
const adminSocketHelp = "the CA's socket, if it is not in there (env: KASBAH_ADMIN_SOCKET)";

/** Adds the flags of a {@link StateLocation}. */
export function withStateLocation(command: Command): Command {
  return command.option("--state-dir <dir>", stateDirHelp).option("--admin-socket <path>", adminSocketHelp);
}

/** The flag, else the environment as the server reads it, else the server's own default. */
export function stateDirectoryOf({ stateDir }: StateLocation, { env, isRoot }: CommandWorld): string {
  return stateDir ?? (env["KASBAH_STATE_DIR"] || defaultStateDirectory({ isRoot, env }));
}

export function adminClientOf(location: StateLocation, world: CommandWorld): AdminClient {
  const inState = () => join(stateDirectoryOf(location, world), "admin.sock");
  return new AdminClient(namedSocket(location, world) ?? inState(), world.operator);
}

/** Undefined when a socket is named and no directory: the default one may be another CA's. */
export function offlineDirectoryOf(location: StateLocation, world: CommandWorld): string | undefined {
  const namesDirectory = location.stateDir !== undefined || Boolean(world.env["KASBAH_STATE_DIR"]);
  if (namedSocket(location, world) !== undefined && !namesDirectory) return undefined;
  return stateDirectoryOf(location, world);
}

/** What a further command about the same CA has to be given, ready for a shell. */
export function flagsOf({ stateDir, adminSocket }: StateLocation): string {
  const flag = (name: string, value?: string) => (value === undefined ? "" : ` ${name} ${shellWord(value)}`);
  return `${flag("--state-dir", stateDir)}${flag("--admin-socket", adminSocket)}`;
}

/** A directory that is given by hand outranks a socket of the environment, which may be another CA's. */
function namedSocket({ stateDir, adminSocket }: StateLocation, { env }: CommandWorld): string | undefined {
  return adminSocket ?? (stateDir === undefined ? env["KASBAH_ADMIN_SOCKET"] || undefined : undefined);
}

function shellWord(text: string): string {
  return /^[\w./@:=+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
