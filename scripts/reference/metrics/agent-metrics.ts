import type { AgentDeps } from "../../../packages/agent/src/agent-deps.ts";
import { command } from "../../../packages/agent/src/config/command.ts";
import { options } from "../../../packages/agent/src/config/options.ts";
import { registerConsumers } from "../../../packages/agent/src/output-certs/consumers/consumer-health.ts";
import { createFileMetrics } from "../../../packages/agent/src/output-certs/file-metrics.ts";
import { SecretStore } from "../../../packages/agent/src/secret/secret-store.ts";
import { SkippedRoots } from "../../../packages/agent/src/secret/skipped-roots.ts";
import { createAgentTelemetry } from "../../../packages/agent/src/telemetry/create-telemetry.ts";
import { registerExpiryGauges } from "../../../packages/agent/src/telemetry/names/expiry-gauges.ts";
import { ServedNames } from "../../../packages/agent/src/telemetry/names/served-names.ts";
import { createWorkloadApi } from "../../../packages/agent/src/workload-api/create-workload-api.ts";
import { loadConfig } from "../../../packages/runtime/src/config/load-config.ts";
import {
  systemClock as clock,
  createLogger,
  createLoopWatch,
  createRegistry,
  type MetricDefinition,
} from "../../../packages/runtime/src/index.ts";

/** Every metric that kasbah-agent registers in any configuration. Nothing is started. */
export function agentMetrics(): readonly MetricDefinition[] {
  const deps = agentDeps();
  const { registry, store } = deps;
  const telemetry = createAgentTelemetry(deps);
  telemetry.createCaObservers();
  const streams = { refused: () => [], unserved: () => [] };
  registerExpiryGauges(registry, new ServedNames({ store, streams, fileNames: { health: undefined } }), deps);
  createFileMetrics(registry);
  registerConsumers(registry, []);
  createWorkloadApi({
    ...{ ...deps, ...telemetry, path: "unused", mode: 0o600 },
    reasons: () => [],
  });
  createLoopWatch(deps);
  return registry.definitions;
}

function agentDeps(): AgentDeps {
  const loaded = loadConfig(command, options, { argv: [], env: {}, readFile: () => "" });
  if (loaded.kind !== "run") throw new Error("the defaults are no configuration");
  const logger = createLogger({ level: "silent", format: "json" });
  return {
    ...{ config: loaded.config, clock, logger, roll: () => 0, environment: {} },
    store: new SecretStore(clock),
    skippedRoots: new SkippedRoots(logger),
    registry: createRegistry(command),
  };
}
