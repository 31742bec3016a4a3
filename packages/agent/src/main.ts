import { resolve } from "node:path";
import process from "node:process";
import {
  type Component,
  ConfigInvalidError,
  createLoopWatch,
  createRegistry,
  createScheduler,
  createStatusServer,
  cronSweep,
  formatHostPort,
  jsonReply,
  type Logger,
  runMain,
  systemClock,
} from "@kasbah/runtime";
import { Http2Server } from "@kasbah/runtime/grpc-http2";
import { UnixSocket } from "@kasbah/runtime/rpc";
import { sourceOf } from "./ca/ca-access.ts";
import type { CertificateAuthority } from "./ca/ca-client.ts";
import { HeldRoots } from "./ca/held-roots.ts";
import { watchRootFile } from "./ca/root-file-watch.ts";
import { readToken } from "./ca/token-file.ts";
import { watchTokenFile } from "./ca/token-file-watch.ts";
import { type AgentConfig, caRootOf, command, options } from "./config.ts";
import { AgentError } from "./errors.ts";
import type { FileGround, FileParts } from "./files/file-parts.ts";
import { findMountedCerts } from "./files/find-mounted-certs.ts";
import type { MountedSupply } from "./files/mounted-supply.ts";
import { composeFileNames } from "./gateway-files/compose-file-names.ts";
import { resolveIdentity } from "./identity.ts";
import { Rotation } from "./rotation/rotation.ts";
import type { RotationObserver } from "./rotation/rotator.ts";
import { Wake } from "./rotation/wake.ts";
import { ResourceCatalog } from "./sds/resource-catalog.ts";
import { SecretService } from "./sds/service.ts";
import { sdsLimits, sdsSocketPath, socketModeWarning } from "./sds/socket-options.ts";
import { sdsStatusOf } from "./sds/status.ts";
import { WorkloadProvider } from "./sds/workload-provider.ts";
import { SecretStore } from "./secret-store.ts";
import { createAgentMetrics } from "./status/metrics.ts";
import { readinessOf, withWarnings } from "./status/readiness.ts";
import { observeReplies } from "./status/reply-events.ts";
import { RotationAlarm } from "./status/rotation-alarm.ts";
import { countCalls, observeRotations } from "./status/rotation-events.ts";
import { statusDocument } from "./status/status-document.ts";
import { observeStreams } from "./status/stream-events.ts";
import { StreamTally } from "./status/stream-tally.ts";
import type { WorkloadEndpointOptions } from "./workload-api/endpoint.ts";
import { workloadKeyOf } from "./workload-key.ts";

await runMain({ command, options, compose }, process);

async function compose(config: AgentConfig, logger: Logger): Promise<readonly Component[]> {
  const mountedDirectory = await findMountedCerts(config);
  if (mountedDirectory === undefined) await refuseContradiction(config);
  const clock = systemClock;
  const store = new SecretStore(clock);
  const registry = createRegistry(command);
  const metrics = createAgentMetrics(registry, store, clock);

  const caRoot = caRootOf(config);
  const fileRoots = caRoot === "SYSTEM" ? undefined : new HeldRoots(caRoot, logger);
  const roots = fileRoots ?? new (await import("./ca/system-roots.ts")).SystemRoots();
  const replies = observeReplies(registry);
  const count = (authority: CertificateAuthority) => countCalls(authority, metrics, clock);
  const events = observeRotations(metrics, logger);
  const wake = new Wake();
  const rotation = new Rotation({
    source: await sourceOf(config, { roots, store, clock, logger, replies, count }),
    store,
    policy: { graceRatio: config.gracePeriodRatio, jitter: config.gracePeriodJitter },
    clock,
    scheduler: createScheduler(clock, cronSweep()),
    roll: Math.random,
    observer: new RotationAlarm(store, registry, logger).around(events),
    wake,
  });

  const ground: FileGround = { store, registry, clock, roll: Math.random, logger };
  const files = await composeFiles(config, mountedDirectory, fileRoots, ground);
  const ring = () => wake.ring();
  const tokenFile = watchTokenFile({ path: config.tokenFile, onChange: ring, clock, logger });
  const rootFile = fileRoots
    ? [watchRootFile({ path: caRoot, roots: fileRoots, store, onChange: ring, clock, logger })]
    : [];
  const mounted =
    mountedDirectory === undefined
      ? undefined
      : await composeMounted(mountedDirectory, config, events, ground);
  const supply = mounted ? [mounted] : [rotation, tokenFile, ...rootFile];

  const fileNames = composeFileNames(config, metrics, clock, logger);
  const catalog = new ResourceCatalog([new WorkloadProvider(store, config), fileNames]);
  const tally = new StreamTally(observeStreams(metrics, logger));
  const service = new SecretService({ catalog, observer: tally, clock });
  const server = new Http2Server({
    routes: service.routes,
    toStatus: sdsStatusOf,
    limits: sdsLimits,
    onAcceptError: (error) => logger.error("connections cannot be accepted", { error }),
  });
  const path = resolve(sdsSocketPath(config));
  const { sdsSocketMode: mode } = config;
  const socket = new UnixSocket({ name: "sds", path, flag: "--sds-socket", mode, server, clock, logger });
  const openness = socketModeWarning(mode);
  if (openness !== undefined) logger.warn(openness, { path });
  const readiness = () =>
    withWarnings(readinessOf(store, events.lastFailure, replies.clockWarning), [
      ...files.warnings(),
      ...(mounted?.warnings() ?? []),
    ]);
  const document = () =>
    statusDocument({
      version: command.version,
      store,
      clock,
      readiness,
      failure: () => events.failure,
      caAddresses: mounted ? [] : config.caAddresses.map(formatHostPort),
      clockOffsetMs: () => replies.clockOffsetMs,
      catalog,
      sds: tally,
      streams: () => service.streams(),
    });
  const pages = { "/debug/secrets": () => jsonReply(document()) };
  const status = createStatusServer({ address: config.statusAddress, registry, readiness, pages, logger });
  const reasons = () => readiness().reasons;
  const workload = await composeWorkloadApi(config, { store, reasons, registry, clock, logger });
  const loopWatch = createLoopWatch({ registry, clock, logger });
  return [status, loopWatch, ...files.components, fileNames, socket, ...workload, ...supply];
}

/** Loaded only when it is asked for: most pods have no use for it. */
async function composeWorkloadApi(
  { workloadSocket, workloadSocketMode: mode }: AgentConfig,
  ground: Omit<WorkloadEndpointOptions, "path" | "mode">,
): Promise<readonly Component[]> {
  if (workloadSocket === undefined) return [];
  const { createWorkloadEndpoint } = await import("./workload-api/endpoint.ts");
  return [createWorkloadEndpoint({ ...ground, path: resolve(workloadSocket), mode })];
}

async function composeMounted(
  directory: string,
  config: AgentConfig,
  observer: RotationObserver,
  ground: FileGround,
): Promise<MountedSupply> {
  const { MountedSupply } = await import("./files/mounted-supply.ts");
  ground.logger.info("mounted certificates are served, no CA is asked", { directory });
  return new MountedSupply({ directory, observer, ...workloadKeyOf(config), ...ground });
}

/** What is kept in files, loaded only when it is asked for. */
async function composeFiles(
  config: AgentConfig,
  mountedDirectory: string | undefined,
  roots: HeldRoots | undefined,
  ground: FileGround,
): Promise<FileParts> {
  const { outputCerts, cacheDir } = config;
  const parts: FileParts[] = [];
  if (outputCerts !== undefined) {
    const { composeOutput } = await import("./files/compose-output.ts");
    parts.push(await composeOutput(outputCerts, config, process.env, ground));
  }
  if (cacheDir !== undefined && mountedDirectory === undefined && roots !== undefined) {
    const { composeCache } = await import("./files/compose-cache.ts");
    parts.push(await composeCache(cacheDir, config, roots, ground));
  }
  return {
    components: parts.flatMap(({ components }) => components),
    warnings: () => parts.flatMap(({ warnings }) => warnings()),
  };
}

/** A token that is there and says another name than the flags ends the start; one that is not there yet does not. */
async function refuseContradiction(config: AgentConfig): Promise<void> {
  try {
    resolveIdentity((await readToken(config.tokenFile)).reveal(), config);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    if (error.code === "CONFIG_INVALID") throw new ConfigInvalidError([error.message]);
  }
}
