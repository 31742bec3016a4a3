import { constants } from "node:http2";
import { grpcStatus } from "../status.ts";

const { INTERNAL, UNAUTHENTICATED, PERMISSION_DENIED, UNIMPLEMENTED, UNAVAILABLE, UNKNOWN } = grpcStatus;

const codeByHttpStatus: ReadonlyMap<number, number> = new Map([
  [400, INTERNAL],
  [401, UNAUTHENTICATED],
  [403, PERMISSION_DENIED],
  [404, UNIMPLEMENTED],
  [429, UNAVAILABLE],
  [502, UNAVAILABLE],
  [503, UNAVAILABLE],
  [504, UNAVAILABLE],
]);

const codeByReset: ReadonlyMap<number, number> = new Map([
  [constants.NGHTTP2_REFUSED_STREAM, UNAVAILABLE],
  [constants.NGHTTP2_CANCEL, grpcStatus.CANCELLED],
  [constants.NGHTTP2_ENHANCE_YOUR_CALM, grpcStatus.RESOURCE_EXHAUSTED],
  [constants.NGHTTP2_INADEQUATE_SECURITY, PERMISSION_DENIED],
]);

/**
 * The gRPC status of a response that does not come from a gRPC server (grpc/grpc
 * doc/http-grpc-status-mapping.md).
 */
export function codeOfHttpStatus(httpStatus: number): number {
  return codeByHttpStatus.get(httpStatus) ?? UNKNOWN;
}

/** The gRPC status of a stream reset (gRPC over HTTP/2, "HTTP2 Transport Mapping", "Errors"). */
export function codeOfReset(resetCode: number): number {
  return codeByReset.get(resetCode) ?? INTERNAL;
}
