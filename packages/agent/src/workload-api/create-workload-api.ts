import { resolve } from "node:path";
import { type Clock, type Component, Gauge, type Logger, type Registry } from "@kasbah/runtime";
import { Http2Server } from "@kasbah/runtime/grpc-http2";
import { type TransportFault, UnixSocket } from "@kasbah/runtime/rpc";
import { WorkloadApi, type WorkloadApiDeps } from "./service.ts";
import { workloadStatus } from "./status.ts";

export interface WorkloadEndpointDeps extends WorkloadApiDeps {
  /** Path of the socket. */
  readonly path: string;
  /** Mode of the socket: connecting requires write permission. */
  readonly mode: number;
  /** Returns the observer of what HTTP/2 ends on the socket. */
  transportFaults(socket: "workload", path: string): (fault: TransportFault) => void;
  readonly registry: Registry;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
  readonly logger: Logger;
}

/**
 * Creates the SPIFFE Workload Endpoint. When it stops, it ends its streams with a status that makes clients
 * reconnect: go-spiffe takes a reset with CANCEL for a cancellation and never retries.
 */
export function createWorkloadApi(deps: WorkloadEndpointDeps): Component {
  const { mode, registry, clock, roll, logger } = deps;
  const path = resolve(deps.path);
  const api = new WorkloadApi(deps);
  const server = new Http2Server({
    routes: api.routes,
    toStatus: workloadStatus,
    // Requests have no fields yet.
    limits: { maxRequestBytes: 16 * 1024 },
    onAcceptError: (error) => logger.error("cannot accept connections", { error }),
    onTransportFault: deps.transportFaults("workload", path),
  });
  const flag = "--workload-socket";
  const socket = new UnixSocket({ name: "workload api", path, mode, flag, server, clock, roll, logger });
  new Gauge({
    name: "kasbah_agent_workload_streams",
    help: "Open streams of the SPIFFE Workload API.",
    registers: [registry],
    collect() {
      this.set(api.streams);
    },
  });
  if (mode === 0o666) {
    const message = "every user with access to the socket's directory can read the workload's private key";
    logger.warn(message, { path });
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
