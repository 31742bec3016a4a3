import type { Component, ExportCounts, Readiness } from "@kasbah/runtime";
import type { AgentDeps } from "./agent-deps.ts";
import type { AgentConfig } from "./config/options.ts";
import { findFileMounts, watchedPlaces } from "./file-mounts/find-file-mounts.ts";
import { findMountedCerts } from "./mounted-certs/find-mounted-certs.ts";
import type { OutputFiles } from "./output-certs/create-output-certs.ts";
import type { RotationObserver } from "./rotation/rotator.ts";
import type { CacheTrust, Supply } from "./secret/supply.ts";
import type { AgentTracing } from "./telemetry/traces/create-tracing.ts";
import type { WorkloadEndpointDeps } from "./workload-api/create-workload-api.ts";

// Most pods use none of these rooms, and every pod pays for the code it loads: each is loaded only if it is
// configured.

/** The supply from mounted files; undefined if the agent must ask a CA. */
export async function createMountedSupplyIfPresent(
  deps: AgentDeps & { readonly observer: RotationObserver },
): Promise<Supply | undefined> {
  const directory = await findMountedCerts(deps.config);
  if (directory === undefined) return undefined;
  const room = await import("./mounted-certs/create-mounted-supply.ts");
  return room.createMountedSupply(directory, deps);
}

/** Throws `ConfigInvalidError` if the agent would not start with this proxy, which may be one of the environment. */
export async function refuseUnusableProxy(
  { caProxy: setting }: AgentConfig,
  environment: AgentDeps["environment"],
): Promise<void> {
  if (setting.kind === "none") return;
  const { createTunnels } = await import("./ca/tunnels.ts");
  createTunnels({ setting, except: [], environment });
}

/** The traces of `--otlp-endpoint`: the OpenTelemetry SDK is larger than the rest of the agent. */
export async function createTracingIfConfigured(
  deps: AgentDeps,
  counts: ExportCounts,
): Promise<AgentTracing | undefined> {
  const { otlpEndpoint } = deps.config;
  if (otlpEndpoint === undefined) return undefined;
  const room = await import("./telemetry/traces/create-tracing.ts");
  return room.createTracing(otlpEndpoint, deps, counts);
}

/** The files of `--output-certs`, for other programs. */
export async function createOutputCertsIfConfigured(deps: AgentDeps): Promise<OutputFiles> {
  const { outputCerts } = deps.config;
  if (outputCerts === undefined) return noFiles;
  const room = await import("./output-certs/create-output-certs.ts");
  return room.createOutputCerts(outputCerts, deps);
}

const noFiles: OutputFiles = {
  components: [],
  warnings: () => [],
  settled: async () => undefined,
  consumers: () => [],
};

/** The cache of `--cache-dir`, for the next start. */
export async function createSecretCacheIfConfigured(
  deps: AgentDeps,
  trust: CacheTrust | undefined,
): Promise<readonly Component[]> {
  const { cacheDir } = deps.config;
  if (cacheDir === undefined || trust === undefined) return [];
  const room = await import("./secret-cache/create-secret-cache.ts");
  return [await room.createSecretCache(cacheDir, { ...deps, ...trust })];
}

interface WorkloadApiPorts {
  readonly readiness: () => Readiness;
  readonly transportFaults: WorkloadEndpointDeps["transportFaults"];
}

/** The socket of the SPIFFE Workload API. */
export async function createWorkloadApiIfConfigured(
  deps: AgentDeps,
  { readiness, transportFaults }: WorkloadApiPorts,
): Promise<readonly Component[]> {
  const { workloadSocket, workloadSocketMode: mode } = deps.config;
  if (workloadSocket === undefined) return [];
  const room = await import("./workload-api/create-workload-api.ts");
  const reasons = () => readiness().reasons;
  return [room.createWorkloadApi({ ...deps, path: workloadSocket, mode, reasons, transportFaults })];
}

/** Warnings about watched files that are mounted by themselves. */
export async function createFileMountWatchIfNeeded({
  config,
  clock,
  logger,
}: AgentDeps): Promise<Pick<OutputFiles, "components" | "warnings">> {
  const places = watchedPlaces(config);
  if ((await findFileMounts(places)).length === 0) return { components: [], warnings: () => [] };
  const { FileMountWatch } = await import("./file-mounts/file-mount-watch.ts");
  const watch = new FileMountWatch({ find: () => findFileMounts(places), clock, logger });
  return { components: [watch], warnings: () => watch.warnings() };
}
