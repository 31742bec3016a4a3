import process from "node:process";
import {
  type Component,
  systemClock as clock,
  createLoopWatch,
  createRegistry,
  type Logger,
  runMain,
} from "@kasbah/runtime";
import type { Ground } from "./agent-deps.ts";
import { composeWorkloadApi } from "./composition/workload-api.ts";
import { type AgentConfig, command, options } from "./config/command.ts";
import { composeKeptFiles } from "./optional-rooms.ts";
import { composeSdsEndpoint } from "./sds/create-sds-endpoint.ts";
import { SecretStore } from "./secret/secret-store.ts";
import { composeSupply } from "./secret/supply.ts";
import { composeStatusPort } from "./telemetry/create-status-port.ts";
import { createAgentMetrics } from "./telemetry/metrics.ts";

await runMain({ command, options, compose }, process);

/** Files start before anything is published; the sockets before rotation, so that clients wait on them and not for them. */
async function compose(config: AgentConfig, logger: Logger): Promise<readonly Component[]> {
  const store = new SecretStore(clock);
  const registry = createRegistry(command);
  const metrics = createAgentMetrics(registry, store, clock);
  const { env: environment } = process;
  const ground: Ground = { config, store, registry, metrics, clock, roll: Math.random, environment, logger };

  const supply = await composeSupply(ground);
  const files = await composeKeptFiles(ground, supply);
  const sds = composeSdsEndpoint(ground, supply);
  const status = composeStatusPort(ground, supply, files, sds);
  const workloadApi = await composeWorkloadApi(ground, status.readiness);
  const loopWatch = createLoopWatch({ registry, clock, logger });
  return [
    ...status.components,
    loopWatch,
    ...files.components,
    ...sds.components,
    ...workloadApi,
    ...supply.components,
  ];
}
