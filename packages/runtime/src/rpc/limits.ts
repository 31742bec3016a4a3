/** What a server lets strangers have. Every limit holds before a byte of a message is decoded. */
export interface ServerLimits {
  /** In bytes; a larger request is RESOURCE_EXHAUSTED. */
  readonly maxRequestBytes: number;
  /** Of all request headers together, in bytes. It binds a client once that has acknowledged our settings; one that never does meets Node's own 64 KiB. */
  readonly maxHeaderBytes: number;
  /** Per connection. */
  readonly maxConcurrentStreams: number;
  /** In total; for a new one the connection that has been idle for longest is closed. */
  readonly maxConnections: number;
  /** From one address; 0 for any number, since gateways and NAT share addresses. */
  readonly maxConnectionsPerAddress: number;
  readonly handshakeTimeoutMs: number;
  /** From the connection to its first request. */
  readonly firstRequestTimeoutMs: number;
  /** Without a request. */
  readonly maxIdleMs: number;
  /** Connections are asked to come again after this long (with jitter), so that load spreads. */
  readonly maxAgeMs: number;
  /** For a unary call, body and answer; the client's own deadline may be shorter. */
  readonly callTimeoutMs: number;
  /** Streams that a connection may reset at once (rapid reset); beyond it, and a tenth of it a second, it is sent GOAWAY. */
  readonly resetBurst: number;
}

/** Where nothing else is said: strangers are bounded, and connections and calls may last. */
export const defaultLimits: ServerLimits = {
  maxRequestBytes: 4 * 1024 * 1024,
  maxHeaderBytes: 20 * 1024,
  maxConcurrentStreams: 100,
  maxConnections: 20_000,
  maxConnectionsPerAddress: 0,
  handshakeTimeoutMs: 5_000,
  firstRequestTimeoutMs: 10_000,
  maxIdleMs: Number.POSITIVE_INFINITY,
  maxAgeMs: Number.POSITIVE_INFINITY,
  callTimeoutMs: Number.POSITIVE_INFINITY,
  resetBurst: 100,
};
