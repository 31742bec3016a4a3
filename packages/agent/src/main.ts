import process from "node:process";
import {
  type Component,
  systemClock as clock,
  createLoopWatch,
  createRegistry,
  type Logger,
  runMain,
} from "@kasbah/runtime";
import { socketProblems } from "@kasbah/runtime/rpc";
import type { AgentDeps } from "./agent-deps.ts";
import { createCaSupply } from "./ca/create-ca-supply.ts";
import { command } from "./config/command.ts";
import { type AgentConfig, options } from "./config/options.ts";
import { sdsSocketPath } from "./config/socket-options.ts";
import { createFileNames } from "./gateway-files/create-file-names.ts";
import {
  createFileMountWatchIfNeeded,
  createMountedSupplyIfPresent,
  createOutputCertsIfConfigured,
  createSecretCacheIfConfigured,
  createTracingIfConfigured,
  createWorkloadApiIfConfigured,
  refuseUnusableProxy,
} from "./optional-rooms.ts";
import { createRotateRoute } from "./rotate-call/create-rotate-route.ts";
import { createSdsEndpoint } from "./sds/create-sds-endpoint.ts";
import { SecretStore } from "./secret/secret-store.ts";
import { SkippedRoots } from "./secret/skipped-roots.ts";
import { createStatusPort } from "./telemetry/create-status-port.ts";
import { createAgentTelemetry } from "./telemetry/create-telemetry.ts";

await runMain({ command, options, checkFiles, compose }, process);

async function checkFiles(config: AgentConfig, purpose: "run" | "check"): Promise<readonly string[]> {
  if (purpose === "run") return [];
  await refuseUnusableProxy(config, process.env);
  return socketProblems({
    "--sds-socket": sdsSocketPath(config),
    "--workload-socket": config.workloadSocket,
  });
}

/**
 * Output files start before the first secret is published, and sockets before rotation, so that clients can
 * connect and wait.
 */
async function compose(config: AgentConfig, logger: Logger): Promise<readonly Component[]> {
  const store = new SecretStore(clock);
  const registry = createRegistry(command);
  const { env: environment } = process;
  const deps: AgentDeps = {
    config,
    store,
    skippedRoots: new SkippedRoots(logger),
    registry,
    clock,
    roll: Math.random,
    environment,
    logger,
  };
  const telemetry = createAgentTelemetry(deps);
  const tracing = await createTracingIfConfigured(deps, telemetry.traces);

  const supply =
    (await createMountedSupplyIfPresent({ ...deps, observer: telemetry.rotations })) ??
    (await createCaSupply({ ...deps, tracing, createObservers: telemetry.createCaObservers }));
  const { mountedCerts } = supply;
  const outputs = await createOutputCertsIfConfigured(deps);
  const mounts = await createFileMountWatchIfNeeded(deps);
  const cache = await createSecretCacheIfConfigured(deps, supply.cache);
  const fileNames = createFileNames({ ...deps, ...telemetry.files, mountedCerts });
  const sds = createSdsEndpoint({
    ...deps,
    observer: telemetry.streams,
    transportFaults: telemetry.transportFaults,
    providers: [fileNames],
    isNameOpen: mountedCerts !== undefined,
    routes: [createRotateRoute({ supply, store, files: outputs })],
  });
  const fileWarnings = () => [...outputs.warnings(), ...mounts.warnings()];
  const { consumers } = outputs;
  const status = createStatusPort({ ...deps, supply, sds, telemetry, fileNames, fileWarnings, consumers });
  const workloadApi = await createWorkloadApiIfConfigured(deps, { ...status, ...telemetry });
  const loopWatch = createLoopWatch({ registry, clock, logger });

  return [
    ...(tracing === undefined ? [] : [tracing.component]),
    ...status.components,
    loopWatch,
    ...mounts.components,
    ...outputs.components,
    ...cache,
    fileNames,
    ...sds.components,
    ...workloadApi,
    status.afterSockets,
    ...supply.components,
  ];
}
