import { join } from "node:path";
import { formatHostPort, type HostPort } from "@kasbah/runtime";
import type { Release } from "../../harness/release.ts";
import type { Callers } from "./callers.ts";
import { argumentsOf, Daemon, freeAddress } from "./daemon.ts";

/** Everything about a CA that stays the same when its program is replaced. */
export interface CaSettings {
  readonly stateDirectory: string;
  readonly address: HostPort;
  readonly statusAddress: HostPort;
  readonly callers: Callers;
  readonly flags: readonly string[];
}

export async function createCaSettings(
  given: Pick<CaSettings, "stateDirectory" | "callers"> & Partial<CaSettings>,
): Promise<CaSettings> {
  return { flags: [], address: await freeAddress(), statusAddress: await freeAddress(), ...given };
}

/** Starts the CA of a release and returns when it is ready to issue. */
export function startCa({ server, quickStages }: Release, settings: CaSettings): Promise<Daemon> {
  const { stateDirectory, address, statusAddress, callers, flags } = settings;
  const own = {
    "--state-dir": stateDirectory,
    "--grpc-address": formatHostPort(address),
    "--http-address": formatHostPort(statusAddress),
    "--log-format": "json",
  };
  const command = [process.execPath, server, ...argumentsOf(own), ...quickStages, ...callers.flags, ...flags];
  return new Daemon("kasbah-server", command, statusAddress).ready();
}

/** The path at which a CA publishes its trust bundle for other programs on the machine. */
export function rootPathOf({ stateDirectory }: Pick<CaSettings, "stateDirectory">): string {
  return join(stateDirectory, "public", "root-cert.pem");
}

/** The Unix socket on which a CA answers its operator. */
export function adminSocketOf({ stateDirectory }: Pick<CaSettings, "stateDirectory">): string {
  return join(stateDirectory, "admin.sock");
}
