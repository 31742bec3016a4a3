import { grpcStatus, type RpcStatus } from "@kasbah/runtime/rpc";
import { AgentError } from "../errors.ts";

/** What an SDS client is told when its stream ends in an error: the rule it broke, or nothing. */
export function sdsStatusOf(error: unknown): RpcStatus {
  if (error instanceof AgentError && (error.code === "NODE_MISSING" || error.code === "REQUEST_MALFORMED")) {
    return { code: grpcStatus.INVALID_ARGUMENT, message: `${error.code}: ${error.message}` };
  }
  return { code: grpcStatus.INTERNAL, message: "internal error" };
}
