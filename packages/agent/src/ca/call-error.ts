import { decodeErrorInfo } from "@kasbah/protocol/workload";
import { formatHostPort, type HostPort, withoutCredentials } from "@kasbah/runtime";
import { grpcStatus, RpcError } from "@kasbah/runtime/rpc";
import { AgentError, type AgentErrorCode, type AgentErrorOptions, type CaRefusal } from "../errors.ts";

/**
 * The server chooses these texts, and it may not even be the CA: they are cut to one log line and stripped of
 * credentials.
 */
const maxPublicText = 1_000;
const maxFactText = 300;
const codePattern = /^[A-Z][A-Z_]{1,60}$/;

/**
 * Converts an error of a call to the CA into a code from which the rotator derives its retry pace. `explanation`
 * replaces the message of the transport.
 */
export function toCaError(error: unknown, address: HostPort, explanation?: string): AgentError {
  const at = formatHostPort(address);
  if (!(error instanceof RpcError)) {
    return new AgentError("CA_REPLY_INVALID", `cannot decode the reply of the CA at ${at}`, {
      cause: error,
    });
  }
  const code = codeOf(error);
  const { retryAfterMs } = error;
  const refusal = parseRefusal(error);
  const options: AgentErrorOptions = {
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(refusal === undefined ? {} : { refusal }),
  };
  return new AgentError(
    code,
    `${sentences[code](at)}: ${publicText(explanation ?? error.message, maxPublicText)}`,
    options,
  );
}

/** The machine-readable reason of a refusal. Only kasbah CAs send one, and its format is not trusted. */
function parseRefusal({ details }: RpcError): CaRefusal | undefined {
  if (details === undefined) return undefined;
  try {
    const { reason, domain, metadata } = decodeErrorInfo(details) ?? {};
    if (domain !== "kasbah" || reason === undefined || !codePattern.test(reason)) return undefined;
    const { referenceId, traceId, fix } = metadata ?? {};
    return {
      code: reason,
      ...(referenceId === undefined ? {} : { referenceId: publicText(referenceId, 64) }),
      ...(traceId === undefined ? {} : { traceId: publicText(traceId, 64) }),
      ...(fix === undefined ? {} : { fix: publicText(fix, maxFactText) }),
    };
  } catch {
    return undefined;
  }
}

function publicText(text: string, maxLength: number): string {
  return withoutCredentials(text).slice(0, maxLength);
}

type CallFailure = Extract<AgentErrorCode, "CA_UNREACHABLE" | "CA_UNAVAILABLE" | "CA_REFUSED">;

const sentences: Record<CallFailure, (at: string) => string> = {
  CA_UNREACHABLE: (at) => `cannot reach a trusted CA at ${at}`,
  CA_UNAVAILABLE: (at) => `the CA at ${at} is temporarily unavailable`,
  CA_REFUSED: (at) => `the CA at ${at} refused the request`,
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
    // The transport's own UNAVAILABLE has no details; a CA's UNAVAILABLE says when to retry.
    return details === undefined && retryAfterMs === undefined ? "CA_UNREACHABLE" : "CA_UNAVAILABLE";
  }
  return transient.has(code) ? "CA_UNAVAILABLE" : "CA_REFUSED";
}
