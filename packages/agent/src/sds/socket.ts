import { grpcStatus, type RpcStatus } from "@kasbah/runtime/rpc";
import { type RpcStatusCodes, toRpcStatus } from "../rpc-status.ts";

/** Limits per client. A request holds Envoy's node and a few names; a gateway opens one stream per secret. */
export const sdsLimits = {
  maxRequestBytes: 1024 * 1024,
  maxConcurrentStreams: 1_000,
  maxConnections: 256,
  // Only Envoys of the agent's own uid can connect, and Envoy resets all its streams when it is reconfigured.
  resetBurst: 1_000,
};

/**
 * The log message for a socket mode; undefined for the safe one. Every user who can connect can read the
 * private key.
 */
export function socketModeWarning(mode: number): string | undefined {
  if (mode === 0o600) return undefined;
  const who = mode === 0o660 ? "the socket's group" : "every user with access to the socket's directory";
  return `${who} can read the workload's private key; run the agent and Envoy as one user and keep --sds-socket-mode 0600`;
}

const statuses: RpcStatusCodes = {
  NODE_MISSING: grpcStatus.INVALID_ARGUMENT,
  REQUEST_MALFORMED: grpcStatus.INVALID_ARGUMENT,
  RESOURCE_UNKNOWN: grpcStatus.NOT_FOUND,
  RESOURCE_NOT_READY: grpcStatus.UNAVAILABLE,
  SDS_BUSY: grpcStatus.UNAVAILABLE,
  CLIENT_TOO_SLOW: grpcStatus.RESOURCE_EXHAUSTED,
};

/** The gRPC status that an SDS client gets for an error. */
export function sdsStatus(error: unknown): RpcStatus {
  return toRpcStatus(statuses, error);
}
