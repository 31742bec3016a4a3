import { createTelemetry } from "../../../packages/ca-server/src/telemetry/create-telemetry.ts";
import {
  systemClock as clock,
  createLogger,
  createLoopWatch,
  type MetricDefinition,
} from "../../../packages/runtime/src/index.ts";

/** Every metric that kasbah-server registers. No value is read. */
export function caMetrics(): readonly MetricDefinition[] {
  const { registry, observe } = createTelemetry("", clock);
  createLoopWatch({ registry, clock, logger: createLogger({ level: "silent", format: "json" }) });
  const unread = (): never => {
    throw new Error("a definition has no value");
  };
  observe({
    authorities: {
      get state() {
        return unread();
      },
    },
    roots: { skippedRoots: 0 },
    readiness: unread,
    grpc: { inFlight: 0, waiting: 0, watches: 0, connections: 0, maxConnections: 0, processes: 0 },
    ledger: {
      log: { size: 0 },
      tree: { signedSize: 0 },
      loss: { open: undefined },
      get space() {
        return unread();
      },
    },
    kubernetes: { conflicts: 0 },
    clock: { holds: unread, now: unread, reading: unread },
  });
  return registry.definitions;
}
