/** The gRPC status codes that kasbah sends or handles (grpc/grpc doc/statuscodes.md). */
export const grpcStatus = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/** The answer to a failed call. All of it is public. */
export interface RpcStatus {
  readonly code: number;
  readonly message: string;
  /** How long the client should wait before a retry, in milliseconds: sent as `grpc-retry-pushback-ms`. */
  readonly retryAfterMs?: number;
  /**
   * An encoded `google.rpc.Status`: sent as `grpc-status-details-bin`. At most 4 KiB, because peers drop
   * larger trailers.
   */
  readonly details?: Uint8Array;
}

/** The error of a client's call: the server's status, or the transport's if no server answered. */
export class RpcError extends Error {
  readonly code: number;
  readonly retryAfterMs: number | undefined;
  readonly details: Uint8Array | undefined;

  constructor({ code, message, retryAfterMs, details }: RpcStatus, options?: ErrorOptions) {
    super(message, options);
    this.name = "RpcError";
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    this.details = details;
  }
}
