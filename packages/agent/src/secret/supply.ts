import type { Component, HostPort } from "@kasbah/runtime";
import type { Ground } from "../agent-deps.ts";
import { composeCaSupply } from "../ca/create-ca-supply.ts";
import { findMountedCerts } from "../mounted-certs/find-mounted-certs.ts";
import type { CacheSupply } from "../secret-cache/cache-supply.ts";
import { observeRotations, type RotationEvents } from "../telemetry/rotation-events.ts";
import { workloadKeyOf } from "./workload-key.ts";

/** Where the secret comes from, and what the status says of it. */
export interface Supply {
  readonly components: readonly Component[];
  readonly events: RotationEvents;
  /** The CAs that are asked; none where files take their place. */
  readonly caAddresses: readonly HostPort[];
  /** Undefined where nothing is cached. */
  readonly cache: CacheSupply | undefined;
  /** Where the files are that take the place of a CA. */
  readonly mountedCerts: string | undefined;
  clockOffsetMs(): number | undefined;
  warnings(): readonly string[];
}

/** A CA, or files that somebody mounts and renews. */
export async function composeSupply(ground: Ground): Promise<Supply> {
  const events = observeRotations(ground.metrics, ground.logger);
  const directory = await findMountedCerts(ground.config);
  if (directory === undefined) return composeCaSupply(ground, events);
  return composeMountedSupply(directory, ground, events);
}

async function composeMountedSupply(
  directory: string,
  ground: Ground,
  events: RotationEvents,
): Promise<Supply> {
  const { MountedSupply } = await import("../mounted-certs/mounted-supply.ts");
  const { config, store, clock, logger } = ground;
  logger.info("mounted certificates are served, no CA is asked", { directory });
  const { keyFormat } = workloadKeyOf(config);
  const mounted = new MountedSupply({ directory, keyFormat, observer: events, store, clock, logger });
  return {
    components: [mounted],
    events,
    caAddresses: [],
    cache: undefined,
    mountedCerts: directory,
    clockOffsetMs: () => undefined,
    warnings: () => mounted.warnings(),
  };
}
