import type { AgentDeps } from "../agent-deps.ts";
import { createCaSupply } from "../ca/create-ca-supply.ts";
import type { RotationFailure } from "../rotation/rotator.ts";
import type { WorkloadSecret } from "../secret/secret-store.ts";

export interface ObtainOptions {
  readonly signal: AbortSignal;
  onFailed(failure: RotationFailure): void;
}

/**
 * Asks the CA until it issues one certificate, as the running agent does: with the same retries, and sooner if the
 * token or the root file changes. Undefined if `signal` aborts first.
 */
export async function obtainSecret(
  deps: AgentDeps,
  { signal, onFailed }: ObtainOptions,
): Promise<WorkloadSecret | undefined> {
  const { promise, resolve } = Promise.withResolvers<WorkloadSecret | undefined>();
  const supply = await createCaSupply({
    ...deps,
    createObservers: () => ({
      rotations: { onRotated: resolve, onFailed },
      replies: clockOffset(),
      count: (authority) => authority,
    }),
  });
  const stop = () => resolve(undefined);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    for (const component of supply.components) await component.start();
    return await promise;
  } finally {
    signal.removeEventListener("abort", stop);
    for (const component of supply.components.toReversed()) await component.stop();
  }
}

/** Remembers the offset of the CA's clock, without metrics. */
function clockOffset() {
  let clockOffsetMs: number | undefined;
  return {
    get clockOffsetMs() {
      return clockOffsetMs;
    },
    clockWarning: undefined,
    onDiscarded() {},
    onClockOffset(offsetMs: number) {
      clockOffsetMs = offsetMs;
    },
  };
}
