import type { AgentDeps } from "../agent-deps.ts";
import type { RotationObserver } from "../rotation/rotator.ts";
import type { Supply } from "../secret/supply.ts";
import { workloadKeyOf } from "../secret/workload-key.ts";
import { MountedSupply } from "./mounted-supply.ts";

/** Creates a supply from the mounted files of `directory`, which another program renews. */
export function createMountedSupply(
  directory: string,
  deps: AgentDeps & { readonly observer: RotationObserver },
): Supply {
  const { config, store, observer, skippedRoots, clock, logger } = deps;
  logger.info("serving mounted certificates; no CA is contacted", { directory });
  const { keyFormat } = workloadKeyOf(config);
  const mounted = new MountedSupply({
    directory,
    keyFormat,
    observer,
    skippedRoots,
    store,
    clock,
    logger,
  });
  return {
    components: [mounted],
    caAddresses: [],
    cache: undefined,
    mountedCerts: directory,
    demand: undefined,
    clockOffsetMs: () => undefined,
    warnings: () => mounted.warnings(),
  };
}
