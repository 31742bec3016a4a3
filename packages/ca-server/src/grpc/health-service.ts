import { checkHealth, createCertificate, type ServingStatus, watchHealth } from "@kasbah/protocol";
import type { Clock } from "@kasbah/runtime";
import { grpcStatus, type Route, streamRoute, unaryRoute } from "@kasbah/runtime/grpc";
import { RefusedCall } from "./refused-call.ts";

export interface HealthParts {
  readonly isReady: () => boolean;
  readonly clock: Clock;
}

/** "" is the server as a whole; the other is the one service it has. */
const services = ["", createCertificate.path.split("/")[1]];
/** How soon a watcher hears of a change, in milliseconds. */
const watchIntervalMs = 1_000;

/** `grpc.health.v1`: what load balancers, Kubernetes' gRPC probes and `grpcurl` ask. It needs no credential. */
export function createHealthRoutes({ isReady, clock }: HealthParts): readonly Route[] {
  const statusOf = (service: string): ServingStatus => {
    if (!services.includes(service)) return "SERVICE_UNKNOWN";
    return isReady() ? "SERVING" : "NOT_SERVING";
  };
  const check = unaryRoute({
    path: checkHealth.path,
    decode: checkHealth.request.decode,
    encode: checkHealth.response.encode,
    handle: async (call) => {
      const status = statusOf(call.request().service);
      if (status === "SERVICE_UNKNOWN") throw unknownService();
      return { status };
    },
  });
  const watch = streamRoute({
    path: watchHealth.path,
    decode: watchHealth.request.decode,
    encode: watchHealth.response.encode,
    handle: async ({ requests, send, signal }) => {
      for await (const { service } of requests) {
        let last: ServingStatus | undefined;
        while (!signal.aborted) {
          const status = statusOf(service);
          if (status !== last) send({ status });
          last = status;
          await clock.sleep(watchIntervalMs, signal).catch(() => undefined);
        }
      }
    },
  });
  return [check, watch];
}

function unknownService(): RefusedCall {
  const message = `unknown service; known: ${services.map((name) => JSON.stringify(name)).join(", ")}`;
  return new RefusedCall({ code: grpcStatus.NOT_FOUND, message }, { cause: undefined });
}
