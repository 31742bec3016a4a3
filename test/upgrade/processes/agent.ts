import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatHostPort, type HostPort } from "@kasbah/runtime";
import type { Release } from "../../harness/release.ts";
import { type CaSettings, rootPathOf } from "./ca.ts";
import { argumentsOf, Daemon, freeAddress } from "./daemon.ts";

/** Everything about an agent that stays the same when its program is replaced. */
export interface AgentSettings {
  readonly directory: string;
  readonly sdsSocket: string;
  readonly statusAddress: HostPort;
  readonly ca: CaSettings;
  readonly secretTtl: string;
  readonly flags: readonly string[];
}

type Given = Pick<AgentSettings, "directory" | "ca"> & Partial<AgentSettings>;

/** Creates the directory of an agent with the token of a service account. */
export async function createAgentSettings(serviceAccount: string, given: Given): Promise<AgentSettings> {
  const { directory, ca } = given;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(join(directory, "token"), await ca.callers.mint(serviceAccount), { mode: 0o600 });
  const sdsSocket = join(directory, "sds.sock");
  return { sdsSocket, statusAddress: await freeAddress(), secretTtl: "1h", flags: [], ...given };
}

/** Starts the agent of a release without waiting for its first certificate. */
export function startAgent({ agent }: Release, settings: AgentSettings): Daemon {
  const { directory, sdsSocket, statusAddress, ca, secretTtl, flags } = settings;
  const own = {
    "--ca-address": formatHostPort(ca.address),
    "--ca-root": rootPathOf(ca),
    "--token-file": join(directory, "token"),
    "--sds-socket": sdsSocket,
    "--status-address": formatHostPort(statusAddress),
    "--secret-ttl": secretTtl,
    "--log-format": "json",
  };
  return new Daemon("kasbah-agent", [process.execPath, agent, ...argumentsOf(own), ...flags], statusAddress);
}
