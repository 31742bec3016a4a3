import { resolve } from "node:path";
import type { Component } from "@kasbah/runtime";
import { Http2Server } from "@kasbah/runtime/grpc-http2";
import { UnixSocket } from "@kasbah/runtime/rpc";
import type { Ground } from "../agent-deps.ts";
import { sdsLimits, sdsSocketPath, socketModeWarning } from "../config/socket-options.ts";
import { composeFileNames } from "../gateway-files/create-file-names.ts";
import type { Supply } from "../secret/supply.ts";
import { observeStreams } from "../telemetry/stream-events.ts";
import { StreamTally } from "../telemetry/stream-tally.ts";
import { ResourceCatalog } from "./resource-catalog.ts";
import { SecretService } from "./service.ts";
import { sdsStatusOf } from "./status.ts";
import { WorkloadProvider } from "./workload-provider.ts";

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
