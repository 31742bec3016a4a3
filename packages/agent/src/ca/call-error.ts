import { decodeErrorInfo } from "@kasbah/protocol";
import { formatHostPort, type HostPort, withoutCredentials } from "@kasbah/runtime";
import { grpcStatus, RpcError } from "@kasbah/runtime/rpc";
import { AgentError, type AgentErrorCode, type AgentErrorOptions, type CaRefusal } from "../errors.ts";

/** A CA, or whoever answers in its place, chooses these words: short enough for one log line, and without the token that it was shown. */
const maxPublicText = 1_000;
const maxFactText = 300;
const codePattern = /^[A-Z][A-Z_]{1,60}$/;

/** Names what went wrong with a call to the CA, so that the rotator knows how soon to try again. */
export function toCaError(error: unknown, address: HostPort): AgentError {
  const at = formatHostPort(address);
  if (!(error instanceof RpcError)) {
    return new AgentError("CA_REPLY_INVALID", `the reply of the CA at ${at} cannot be decoded`, {
      cause: error,
    });
  }
  const code = codeOf(error);
  const { retryAfterMs } = error;
  const refusal = refusalIn(error);
  const options: AgentErrorOptions = {
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(refusal === undefined ? {} : { refusal }),
  };
  return new AgentError(code, `${sentences[code](at)}: ${publicText(error.message, maxPublicText)}`, options);
}

/** Why, in facts for programs: only a CA of ours says that, and nothing else is believed of its form. */
function refusalIn({ details }: RpcError): CaRefusal | undefined {
  if (details === undefined) return undefined;
  try {
    const { reason, domain, metadata } = decodeErrorInfo(details) ?? {};
    if (domain !== "kasbah" || reason === undefined || !codePattern.test(reason)) return undefined;
    const { referenceId, fix } = metadata ?? {};
    return {
      code: reason,
      ...(referenceId === undefined ? {} : { referenceId: publicText(referenceId, 64) }),
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
