import { formatHostPort, type HostPort } from "@kasbah/runtime";
import { grpcStatus, RpcError } from "@kasbah/runtime/grpc";
import { AgentError, type AgentErrorCode, type AgentErrorOptions } from "../errors.ts";

/** A CA, or whoever answers in its place, chooses these words: keep them short enough for one log line. */
const maxPublicText = 1_000;

/** Names what went wrong with a call to the CA, so that the rotator knows how soon to try again. */
export function caErrorOf(error: unknown, address: HostPort): AgentError {
  const at = formatHostPort(address);
  if (!(error instanceof RpcError)) {
    return new AgentError("CA_REPLY_INVALID", `the reply of the CA at ${at} cannot be decoded`, {
      cause: error,
    });
  }
  const code = codeOf(error);
  const { retryAfterMs } = error;
  const options: AgentErrorOptions = {
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  return new AgentError(code, `${sentences[code](at)}: ${error.message.slice(0, maxPublicText)}`, options);
}

type CallFailure = Extract<AgentErrorCode, "CA_UNREACHABLE" | "CA_UNAVAILABLE" | "CA_REFUSED">;

const sentences: Record<CallFailure, (at: string) => string> = {
  CA_UNREACHABLE: (at) => `no CA that we trust answers at ${at}`,
  CA_UNAVAILABLE: (at) => `the CA at ${at} cannot answer now`,
  CA_REFUSED: (at) => `the CA at ${at} refuses`,
};

const transient: ReadonlySet<number> = new Set([
  grpcStatus.CANCELLED,
  grpcStatus.UNKNOWN,
  grpcStatus.RESOURCE_EXHAUSTED,
  grpcStatus.ABORTED,
  grpcStatus.INTERNAL,
]);

function codeOf({ code, details, retryAfterMs }: RpcError): CallFailure {
  if (code === grpcStatus.DEADLINE_EXCEEDED) return "CA_UNREACHABLE";
  if (code === grpcStatus.UNAVAILABLE) {
    // The transport's own UNAVAILABLE carries no details; a CA's says when to come again.
    return details === undefined && retryAfterMs === undefined ? "CA_UNREACHABLE" : "CA_UNAVAILABLE";
  }
  return transient.has(code) ? "CA_UNAVAILABLE" : "CA_REFUSED";
}
