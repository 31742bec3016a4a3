import { join } from "node:path";
import { defaultStateDirectory } from "@kasbah/ca-server/state";
import { AdminClient } from "../authority/admin-client.ts";
import type { CommandWorld } from "./command-world.ts";

/** The options that say which CA a command is about. */
export interface StateLocation {
  readonly stateDir?: string;
  readonly adminSocket?: string;
}

/** The flag, else the environment as the server reads it, else the server's own default. */
export function stateDirectoryOf({ stateDir }: StateLocation, { env, isRoot }: CommandWorld): string {
  return stateDir ?? (env["KASBAH_STATE_DIR"] || defaultStateDirectory({ isRoot, env }));
}

export function adminClientOf(location: StateLocation, world: CommandWorld): AdminClient {
  const { env, operator } = world;
  const inState = () => join(stateDirectoryOf(location, world), "admin.sock");
  const named =
    location.adminSocket ?? (location.stateDir === undefined ? env["KASBAH_ADMIN_SOCKET"] : undefined);
  return new AdminClient(named || inState(), operator);
}
