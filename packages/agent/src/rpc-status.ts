import { grpcStatus, type RpcStatus } from "@kasbah/runtime/rpc";
import { AgentError, type AgentErrorCode } from "./errors.ts";

/** The gRPC status of each error that a client may hear of. */
export type StatusTable = Partial<Record<AgentErrorCode, number>>;

/** What a client is told when its call ends in an error: the rule it broke or what to wait for, or nothing. */
export function statusIn(table: StatusTable, error: unknown): RpcStatus {
  const code = error instanceof AgentError ? table[error.code] : undefined;
  if (!(error instanceof AgentError) || code === undefined) {
    return { code: grpcStatus.INTERNAL, message: "internal error" };
  }
  return { code, message: `${error.code}: ${error.message}` };
}
