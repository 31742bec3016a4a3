import { retryInDoubt } from "../clock/retry-in-doubt.ts";
import { isFirstReplica } from "../ownership/first-replica.ts";
import { type OpenedOwner, openOwner } from "../ownership/open-owner.ts";
import { showsFormerRoot } from "../store/state-directory.ts";
import type { StatusEndpoint } from "../telemetry/status-endpoint.ts";
import type { OpeningDeps } from "./opening-deps.ts";

/** Opens the place that owns the CA: the shared Secret or the state directory. */
export async function openStateOwner(
  { config, state, time, options, kubernetes, logger }: OpeningDeps,
  status: StatusEndpoint,
): Promise<OpenedOwner> {
  const { stateDir, stateRoot, podName } = config;
  const { clock } = time;
  // A new root must not begin at a wrong time.
  if (!(await showsFormerRoot(state))) await time.known();
  const open = () =>
    openOwner({
      ...{ stateDir, state, options, stateRoot, shared: kubernetes?.shared, clock, logger },
      mayCreate: isFirstReplica(podName),
      onWait: (reason) => status.wait(reason),
      // An unhandled rejection stops the daemon, and its supervisor starts it again.
      fail: (error) => void Promise.reject(error),
    });
  return retryInDoubt(open, { ...time, logger });
}
