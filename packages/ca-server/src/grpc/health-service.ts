import {
  checkHealth,
  createCertificate,
  type HealthCheckRequest,
  type ServingStatus,
  watchHealth,
} from "@kasbah/protocol";
import type { Clock } from "@kasbah/runtime";
import { grpcStatus, type Route, type StreamCall, streamRoute, unaryRoute } from "@kasbah/runtime/rpc";
import { HealthWatchers } from "./health-watchers.ts";
import { RefusedCall } from "./refused-call.ts";

export interface HealthDeps {
  readonly isReady: () => boolean;
  readonly clock: Clock;
  /** Ends every watch on stop, because a watcher could otherwise delay the stop forever. */
  readonly stopping: AbortSignal;
}

type Watch = StreamCall<HealthCheckRequest, { readonly status: ServingStatus }>;

/** "" means the whole server; the other name is its only service. */
const services = ["", createCertificate.path.split("/")[1]];

/**
 * `grpc.health.v1`, for load balancers, gRPC probes of Kubernetes and `grpcurl`. It requires no credential.
 */
export function createHealthRoutes(deps: HealthDeps): readonly Route[] {
  const watchers = new HealthWatchers(deps.clock);
  const check = unaryRoute({
    path: checkHealth.path,
    decode: decodeRequest,
    encode: checkHealth.response.encode,
    handle: async (call) => {
      const status = statusOf(call.request().service, deps);
      if (status === "SERVICE_UNKNOWN") throw unknownService();
      return { status };
    },
  });
  const watch = streamRoute({
    path: watchHealth.path,
    decode: decodeRequest,
    encode: watchHealth.response.encode,
    handle: (call: Watch) => serveWatch(call, watchers, deps),
  });
  return [check, watch];
}

/** Sends the status immediately and after every change. */
async function serveWatch(
  { requests, send, signal }: Watch,
  watchers: HealthWatchers,
  deps: HealthDeps,
): Promise<void> {
  const ended = AbortSignal.any([signal, deps.stopping]);
  for await (const { service } of requests) {
    let last: ServingStatus | undefined;
    const look = () => {
      const status = statusOf(service, deps);
      if (status !== last) send({ status });
      last = status;
    };
    look();
    await watchers.until(ended, look);
    return;
  }
}

function statusOf(service: string, { isReady, stopping }: HealthDeps): ServingStatus {
  if (!services.includes(service)) return "SERVICE_UNKNOWN";
  return isReady() && !stopping.aborted ? "SERVING" : "NOT_SERVING";
}

function decodeRequest(body: Uint8Array): HealthCheckRequest {
  try {
    return checkHealth.request.decode(body);
  } catch (cause) {
    const message = "the body is not a HealthCheckRequest (grpc.health.v1)";
    throw new RefusedCall({ code: grpcStatus.INVALID_ARGUMENT, message }, { cause });
  }
}

function unknownService(): RefusedCall {
  const message = `unknown service; known: ${services.map((name) => JSON.stringify(name)).join(", ")}`;
  return new RefusedCall({ code: grpcStatus.NOT_FOUND, message }, { cause: undefined });
}
