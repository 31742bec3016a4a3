import type { HostCapacity } from "@kasbah/runtime";
import type { ServerLimits } from "@kasbah/runtime/rpc";
import { type LimitConfig, limitsOf } from "../config/limits.ts";

/** An idle worker, as measured. */
const workerBytes = 80 * 1024 * 1024;

export interface WorkerShares {
  /** Fewer than wanted if a limit of the whole CA is smaller than their number. */
  readonly workers: number;
  /** The sum over all workers. */
  readonly whole: ServerLimits;
  /** The limits of each worker. */
  readonly each: ServerLimits;
}

/**
 * Divides the limits of the CA among its workers, so that their sum never exceeds the limit of the CA. Each process
 * has its own limit of open files, and all processes share one memory.
 */
export function sharesOfWorkers(config: LimitConfig, capacity: HostCapacity, wanted: number): WorkerShares {
  const perAddress = config.maxConnectionsPerAddress || Number.POSITIVE_INFINITY;
  const workers = Math.min(wanted, config.maxConnections, perAddress, config.maxWatches);
  const { openFiles, memoryBytes } = capacity;
  const whole = limitsOf(config, {
    openFiles: openFiles === undefined ? undefined : openFiles * workers,
    memoryBytes: memoryBytes - workers * workerBytes,
  });
  const share = (count: number) => Math.max(1, Math.floor(count / workers));
  const each: ServerLimits = {
    ...whole,
    maxConnections: share(whole.maxConnections),
    maxUnauthenticated: share(whole.maxUnauthenticated),
    maxWaitingConnections: share(whole.maxWaitingConnections),
    maxConnectionsPerAddress: Math.floor(whole.maxConnectionsPerAddress / workers),
    maxWaiting: share(whole.maxWaiting),
    maxOpenStreams: share(whole.maxOpenStreams),
    maxStreams: share(whole.maxStreams),
  };
  return { workers, whole, each };
}
