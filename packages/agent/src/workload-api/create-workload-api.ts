import { type Clock, type Component, Gauge, type Logger, type Registry } from "@kasbah/runtime";
import { Http2Server } from "@kasbah/runtime/grpc-http2";
import { UnixSocket } from "@kasbah/runtime/rpc";
import { WorkloadApi, type WorkloadApiOptions } from "./service.ts";
import { workloadStatusOf } from "./status.ts";

export interface WorkloadEndpointOptions extends WorkloadApiOptions {
  /** Of the socket, absolute. */
  readonly path: string;
  /** Of the socket: who may connect is who may write to it. */
  readonly mode: number;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The SPIFFE Workload Endpoint as a part of the daemon. When it stops, its streams are told to come again: to go-spiffe a
 * stream that is reset with CANCEL instead is cancelled, and then it never asks again.
 */
export function createWorkloadEndpoint(options: WorkloadEndpointOptions): Component {
  const { path, mode, registry, clock, logger } = options;
  const api = new WorkloadApi(options);
  const server = new Http2Server({
    routes: api.routes,
    toStatus: workloadStatusOf,
    // Requests have no fields yet.
    limits: { maxRequestBytes: 16 * 1024 },
    onAcceptError: (error) => logger.error("connections cannot be accepted", { error }),
  });
  const flag = "--workload-socket";
  const socket = new UnixSocket({ name: "workload api", path, mode, flag, server, clock, logger });
  new Gauge({
    name: "kasbah_agent_workload_streams",
    help: "Open streams of the SPIFFE Workload API.",
    registers: [registry],
    collect() {
      this.set(api.streams);
    },
  });
  if (mode === 0o666) {
    logger.warn("every user who reaches the socket's directory can have the workload's private key", {
      path,
    });
  }
  return {
    name: socket.name,
    start: () => socket.start(),
    async stop() {
      api.stop();
      await socket.stop();
    },
  };
}
