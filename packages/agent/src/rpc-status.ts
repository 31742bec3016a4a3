import { grpcStatus, type RpcStatus } from "@kasbah/runtime/rpc";
import { AgentError, type AgentErrorCode } from "./errors.ts";

/** The gRPC status of each error that a client may see. */
export type RpcStatusCodes = Partial<Record<AgentErrorCode, number>>;

/**
 * The status a client gets for an error: code and message of an error in the table, or only "internal error".
 */
export function toRpcStatus(table: RpcStatusCodes, error: unknown): RpcStatus {
  const code = error instanceof AgentError ? table[error.code] : undefined;
  if (!(error instanceof AgentError) || code === undefined) {
    return { code: grpcStatus.INTERNAL, message: "internal error" };
  }
  return { code, message: `${error.code}: ${error.message}` };
}
