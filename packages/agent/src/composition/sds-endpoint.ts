import { resolve } from "node:path";
import type { Component } from "@kasbah/runtime";
import { Http2Server } from "@kasbah/runtime/grpc-http2";
import { UnixSocket } from "@kasbah/runtime/rpc";
import { ResourceCatalog } from "../sds/resource-catalog.ts";
import { SecretService } from "../sds/service.ts";
import { sdsLimits, sdsSocketPath, socketModeWarning } from "../sds/socket-options.ts";
import { sdsStatusOf } from "../sds/status.ts";
import { WorkloadProvider } from "../sds/workload-provider.ts";
import { observeStreams } from "../telemetry/stream-events.ts";
import { StreamTally } from "../telemetry/stream-tally.ts";
import { composeFileNames } from "./file-names.ts";
import type { Ground } from "./ground.ts";
import type { Supply } from "./supply.ts";

/** Envoy's socket and what is answered on it. */
export interface SdsEndpoint {
  readonly components: readonly Component[];
  readonly catalog: ResourceCatalog;
  readonly service: SecretService;
  readonly tally: StreamTally;
}

export function composeSdsEndpoint(
  { config, store, metrics, clock, logger }: Ground,
  { mountedCerts }: Pick<Supply, "mountedCerts">,
): SdsEndpoint {
  const fileNames = composeFileNames(config, mountedCerts, metrics, clock, logger);
  const workload = new WorkloadProvider(store, config, { isNameOpen: mountedCerts !== undefined });
  const catalog = new ResourceCatalog([workload, fileNames]);
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
  const openness = socketModeWarning(mode);
  if (openness !== undefined) logger.warn(openness, { path });
  const socket = new UnixSocket({ name: "sds", path, flag: "--sds-socket", mode, server, clock, logger });
  return { components: [fileNames, socket], catalog, service, tally };
}
