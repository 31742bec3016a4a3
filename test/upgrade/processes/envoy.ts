import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createBootstrap, EnvoyAdmin, type EnvoyOptions } from "@kasbah/cli/mesh";
import { testEnvoy } from "../../harness/envoy.ts";
import { Daemon, freeAddress } from "./daemon.ts";

export interface RunningEnvoy {
  readonly process: Daemon;
  readonly admin: EnvoyAdmin;
}

/** Starts a real Envoy whose secrets come from an agent, and returns when it has them. */
export async function startEnvoy(
  directory: string,
  settings: Pick<EnvoyOptions, "sdsSocket" | "inbound" | "outbound">,
): Promise<RunningEnvoy> {
  const address = await freeAddress();
  const bootstrap = createBootstrap({ nodeId: "upgrade", cluster: "upgrade", admin: address, ...settings });
  const path = join(directory, "envoy.json");
  await writeFile(path, JSON.stringify(bootstrap));
  // Without hot restart, two Envoys share no memory and never meet.
  const flags = ["--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"];
  const envoy = new Daemon("Envoy", [await testEnvoy(), "-c", path, ...flags], address, "/ready");
  return { process: await envoy.ready(), admin: new EnvoyAdmin(address) };
}
