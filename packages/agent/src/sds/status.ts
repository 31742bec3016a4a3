import { grpcStatus, type RpcStatus } from "@kasbah/runtime/rpc";
import { type StatusTable, statusIn } from "../rpc-status.ts";

const statuses: StatusTable = {
  NODE_MISSING: grpcStatus.INVALID_ARGUMENT,
  REQUEST_MALFORMED: grpcStatus.INVALID_ARGUMENT,
  RESOURCE_UNKNOWN: grpcStatus.NOT_FOUND,
  RESOURCE_NOT_READY: grpcStatus.UNAVAILABLE,
  SDS_BUSY: grpcStatus.UNAVAILABLE,
  CLIENT_TOO_SLOW: grpcStatus.RESOURCE_EXHAUSTED,
};

/** What an SDS client is told when its call ends in an error: the rule it broke, or nothing. */
export function sdsStatusOf(error: unknown): RpcStatus {
  return statusIn(statuses, error);
}
