import { grpcStatus, type RpcStatus } from "@kasbah/runtime/rpc";
import { type StatusTable, statusIn } from "../rpc-status.ts";

/**
 * What a client should do next stands behind each of these (SPIFFE Workload Endpoint, appendix A): INVALID_ARGUMENT and
 * UNIMPLEMENTED end its attempts, UNAVAILABLE makes it come again. None is CANCELLED, on which go-spiffe gives up.
 */
const statuses: StatusTable = {
  WORKLOAD_HEADER_MISSING: grpcStatus.INVALID_ARGUMENT,
  REQUEST_MALFORMED: grpcStatus.INVALID_ARGUMENT,
  WORKLOAD_METHOD_UNSUPPORTED: grpcStatus.UNIMPLEMENTED,
  WORKLOAD_SECRET_EXPIRED: grpcStatus.UNAVAILABLE,
  CLIENT_TOO_SLOW: grpcStatus.UNAVAILABLE,
  WORKLOAD_API_BUSY: grpcStatus.UNAVAILABLE,
  WORKLOAD_API_STOPPING: grpcStatus.UNAVAILABLE,
};

/** What a client of the Workload API is told when its call ends in an error. */
export function workloadStatusOf(error: unknown): RpcStatus {
  return statusIn(statuses, error);
}
