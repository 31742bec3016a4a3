import { grpcStatus, type RpcStatus } from "@kasbah/runtime/rpc";
import { type RpcStatusCodes, toRpcStatus } from "../rpc-status.ts";

/**
 * Each status defines what the client does next (SPIFFE Workload Endpoint, appendix A): INVALID_ARGUMENT and
 * UNIMPLEMENTED mean to give up, UNAVAILABLE means to retry. None is CANCELLED, because go-spiffe gives up on
 * it.
 */
const statuses: RpcStatusCodes = {
  WORKLOAD_HEADER_MISSING: grpcStatus.INVALID_ARGUMENT,
  REQUEST_MALFORMED: grpcStatus.INVALID_ARGUMENT,
  WORKLOAD_METHOD_UNSUPPORTED: grpcStatus.UNIMPLEMENTED,
  WORKLOAD_SECRET_EXPIRED: grpcStatus.UNAVAILABLE,
  CLIENT_TOO_SLOW: grpcStatus.UNAVAILABLE,
  WORKLOAD_API_BUSY: grpcStatus.UNAVAILABLE,
  WORKLOAD_API_STOPPING: grpcStatus.UNAVAILABLE,
};

/** The gRPC status that a client of the Workload API gets for an error. */
export function workloadStatus(error: unknown): RpcStatus {
  return toRpcStatus(statuses, error);
}
