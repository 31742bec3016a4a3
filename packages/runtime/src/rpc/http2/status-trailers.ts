import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { grpcStatus, type RpcStatus } from "../status.ts";
import { decodeGrpcMessage, encodeGrpcMessage } from "./grpc-message.ts";

/** A status as trailers. */
export function trailersOf({ code, message, retryAfterMs, details }: RpcStatus): OutgoingHttpHeaders {
  return {
    "grpc-status": String(code),
    ...(message === "" ? {} : { "grpc-message": encodeGrpcMessage(message) }),
    ...(retryAfterMs === undefined ? {} : { "grpc-retry-pushback-ms": String(Math.ceil(retryAfterMs)) }),
    ...(details === undefined ? {} : { "grpc-status-details-bin": Buffer.from(details).toString("base64") }),
  };
}

/** The status in a peer's trailers; undefined if there is none. */
export function statusIn(trailers: IncomingHttpHeaders): RpcStatus | undefined {
  const text = trailers["grpc-status"];
  if (text === undefined) return undefined;
  const pushbackMs = Number(trailers["grpc-retry-pushback-ms"]);
  const details = trailers["grpc-status-details-bin"];
  return {
    code: codeIn(text),
    message: decodeGrpcMessage(String(trailers["grpc-message"] ?? "")),
    ...(pushbackMs >= 0 && Number.isFinite(pushbackMs) ? { retryAfterMs: pushbackMs } : {}),
    // Base64 with or without padding; of several values joined by commas, the first counts.
    ...(details === undefined ? {} : { details: Buffer.from(String(details).split(",")[0] ?? "", "base64") }),
  };
}

function codeIn(text: string | readonly string[]): number {
  return typeof text === "string" && /^(?:\d|1[0-6])$/.test(text) ? Number(text) : grpcStatus.UNKNOWN;
}
