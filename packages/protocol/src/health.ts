import { grpc } from "../generated/messages.js";
import type { Method } from "./codec.ts";

const wire = grpc.health.v1;

export type ServingStatus = "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN";

export interface HealthCheckRequest {
  /** The full service name, or "" for the whole server. */
  readonly service: string;
}

export interface HealthCheckResponse {
  readonly status: ServingStatus;
}

const codecs: Omit<Method<HealthCheckRequest, HealthCheckResponse>, "path"> = {
  request: {
    encode: ({ service }) => wire.HealthCheckRequest.encode({ service }).finish(),
    decode: (bytes) => ({ service: wire.HealthCheckRequest.decode(bytes).service }),
  },
  response: {
    encode: ({ status }) =>
      wire.HealthCheckResponse.encode({ status: wire.HealthCheckResponse.ServingStatus[status] }).finish(),
    decode: (bytes) => ({ status: nameOf(wire.HealthCheckResponse.decode(bytes).status) }),
  },
};

/** `grpc.health.v1.Health/Check`. */
export const checkHealth: Method<HealthCheckRequest, HealthCheckResponse> = {
  path: "/grpc.health.v1.Health/Check",
  ...codecs,
};

/** `grpc.health.v1.Health/Watch`: a stream of responses. */
export const watchHealth: Method<HealthCheckRequest, HealthCheckResponse> = {
  path: "/grpc.health.v1.Health/Watch",
  ...codecs,
};

function nameOf(status: number): ServingStatus {
  const { SERVING, SERVICE_UNKNOWN } = wire.HealthCheckResponse.ServingStatus;
  if (status === SERVING) return "SERVING";
  return status === SERVICE_UNKNOWN ? "SERVICE_UNKNOWN" : "NOT_SERVING";
}
