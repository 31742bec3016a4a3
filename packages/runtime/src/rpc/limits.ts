import type { ConnectionLimits } from "../connections/connection-guard.ts";

/**
 * A server's limits for unauthenticated clients. Every limit applies before any byte of a message is decoded.
 */
export interface ServerLimits extends Required<ConnectionLimits> {
  /** New connections without TLS, which wait until one of the others makes room for them. */
  readonly maxWaitingConnections: number;
  /** In bytes; a larger request fails with RESOURCE_EXHAUSTED. */
  readonly maxRequestBytes: number;
  /**
   * All request headers together, in bytes. It applies to a client that has acknowledged the server's
   * settings; for one that never does, Node's own limit of 64 KiB applies.
   */
  readonly maxHeaderBytes: number;
  /** Per connection. */
  readonly maxConcurrentStreams: number;
  readonly handshakeTimeoutMs: number;
  /** Without a request. */
  readonly maxIdleMs: number;
  /** After this time (with jitter) clients are asked to reconnect, so that the load spreads. */
  readonly maxAgeMs: number;
  /** For a unary call, body and answer; the client's deadline may be shorter. */
  readonly callTimeoutMs: number;
  /**
   * For callers that have not authenticated: from the headers of a call to the end of its body, and of a stream to
   * its first message.
   */
  readonly bodyTimeoutMs: number;
  /**
   * Calls without a slot: of callers that have not authenticated, and as many of authenticated callers whose body
   * has not arrived.
   */
  readonly maxWaiting: number;
  /**
   * Streams of all kinds on all connections, refused ones included until they are closed; beyond it, the connection
   * closes that has most.
   */
  readonly maxOpenStreams: number;
  /** Long-lived streams, in total. */
  readonly maxStreams: number;
  readonly maxStreamsPerConnection: number;
  /**
   * The number of streams that a connection may reset in a burst (rapid reset); beyond it and a tenth of it
   * per second, the connection gets GOAWAY.
   */
  readonly resetBurst: number;
}

/** The defaults limit unauthenticated clients, but not the duration of connections and calls. */
export const defaultLimits: ServerLimits = {
  maxRequestBytes: 4 * 1024 * 1024,
  maxHeaderBytes: 20 * 1024,
  maxConcurrentStreams: 100,
  maxConnections: 20_000,
  maxUnauthenticated: 20_000,
  maxWaitingConnections: 1_000,
  graceMs: 0,
  maxConnectionsPerAddress: 0,
  handshakeTimeoutMs: 5_000,
  firstRequestTimeoutMs: 10_000,
  maxIdleMs: Number.POSITIVE_INFINITY,
  maxAgeMs: Number.POSITIVE_INFINITY,
  callTimeoutMs: Number.POSITIVE_INFINITY,
  bodyTimeoutMs: Number.POSITIVE_INFINITY,
  maxWaiting: Number.POSITIVE_INFINITY,
  maxOpenStreams: Number.POSITIVE_INFINITY,
  maxStreams: Number.POSITIVE_INFINITY,
  maxStreamsPerConnection: Number.POSITIVE_INFINITY,
  resetBurst: 100,
};
