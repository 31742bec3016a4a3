import { resolve } from "node:path";
import type { Component } from "@kasbah/runtime";
import { Http2Server } from "@kasbah/runtime/grpc-http2";
import { type Route, type TransportFault, UnixSocket } from "@kasbah/runtime/rpc";
import type { AgentDeps } from "../agent-deps.ts";
import { sdsSocketPath } from "../config/socket-options.ts";
import { ResourceCatalog, type ResourceProvider } from "./resource-catalog.ts";
import { SecretService, type StreamObserver } from "./service.ts";
import { sdsLimits, sdsStatus, socketModeWarning } from "./socket.ts";
import { WorkloadProvider } from "./workload-provider.ts";

/** Envoy's socket, and what the status page shows of it. */
export interface SdsEndpoint {
  readonly components: readonly Component[];
  readonly catalog: ResourceCatalog;
  readonly service: SecretService;
}

export interface SdsEndpointDeps extends Pick<AgentDeps, "config" | "store" | "clock" | "roll" | "logger"> {
  readonly observer: StreamObserver;
  /** Returns the observer of what HTTP/2 ends on the socket. */
  transportFaults(socket: "sds", path: string): (fault: TransportFault) => void;
  /** The providers of all names except the workload's own. */
  readonly providers: readonly ResourceProvider[];
  /** Whether the first secret decides the workload's name, as with mounted certificates. */
  readonly isNameOpen: boolean;
  /** Calls that the socket serves besides SDS. */
  readonly routes: readonly Route[];
}

export function createSdsEndpoint(deps: SdsEndpointDeps): SdsEndpoint {
  const { config, store, clock, roll, logger, observer, providers, isNameOpen, routes } = deps;
  const workload = new WorkloadProvider(store, config, { isNameOpen });
  const catalog = new ResourceCatalog([workload, ...providers]);
  const service = new SecretService({ catalog, observer, clock });
  const path = resolve(sdsSocketPath(config));
  const server = new Http2Server({
    routes: [...service.routes, ...routes],
    toStatus: sdsStatus,
    limits: sdsLimits,
    onAcceptError: (error) => logger.error("cannot accept connections", { error }),
    onTransportFault: deps.transportFaults("sds", path),
  });
  const { sdsSocketMode: mode } = config;
  const warning = socketModeWarning(mode);
  if (warning !== undefined) logger.warn(warning, { path });
  const socket = new UnixSocket({
    ...{ name: "sds", path, flag: "--sds-socket", mode },
    ...{ server, clock, roll, logger },
  });
  return { components: [socket], catalog, service };
}
