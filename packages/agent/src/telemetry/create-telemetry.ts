import {
  type ExportCounts,
  registerExportCounts,
  type WatchDirectory,
  watchDirectory,
} from "@kasbah/runtime";
import { reportTransportFaults, type TransportFault } from "@kasbah/runtime/rpc";
import type { AgentDeps } from "../agent-deps.ts";
import type { CaSupplyDeps } from "../ca/create-ca-supply.ts";
import type { FileObserver } from "../gateway-files/file-secret.ts";
import { countCalls } from "./ca-calls.ts";
import { countWatchFailures, observeFiles } from "./file-events.ts";
import { createAgentMetrics, registerSkippedRoots } from "./metrics.ts";
import { observeReplies } from "./reply-events.ts";
import { RotationAlarm } from "./rotation-alarm.ts";
import { observeRotations, type RotationEvents } from "./rotation-events.ts";
import { observeStreams } from "./stream-events.ts";
import { StreamTally } from "./stream-tally.ts";

/** The observers through which other rooms reach the log and the metrics. */
export interface AgentTelemetry {
  readonly rotations: RotationEvents;
  readonly streams: StreamTally;
  readonly files: { readonly observer: FileObserver; readonly watchDirectory: WatchDirectory };
  /** Returns the observer of a socket. */
  transportFaults(socket: "sds" | "workload", path: string): (fault: TransportFault) => void;
  createCaObservers: CaSupplyDeps["createObservers"];
  readonly traces: ExportCounts;
}

export function createAgentTelemetry({
  store,
  skippedRoots,
  registry,
  clock,
  logger,
}: AgentDeps): AgentTelemetry {
  const metrics = createAgentMetrics(registry, store, clock);
  registerSkippedRoots(registry, skippedRoots);
  const rotations = observeRotations(metrics, logger);
  return {
    rotations,
    streams: new StreamTally(observeStreams(metrics, logger)),
    files: {
      observer: observeFiles(metrics, skippedRoots, logger),
      watchDirectory: countWatchFailures(watchDirectory, metrics, logger),
    },
    transportFaults(socket, path) {
      const count = ({ code }: TransportFault) => metrics.transportFaults.inc({ socket, code });
      return reportTransportFaults({ path, logger, count });
    },
    traces: registerExportCounts(registry, "kasbah_agent_trace_spans"),
    createCaObservers: () => ({
      replies: observeReplies(registry),
      rotations: new RotationAlarm(store, registry, logger).around(rotations),
      count: (authority) => countCalls(authority, metrics, clock),
    }),
  };
}
