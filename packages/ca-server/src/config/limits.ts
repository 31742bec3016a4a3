import {
  type ConfigOf,
  callsWithin,
  connectionsWithin,
  type HostCapacity,
  option,
  schema,
} from "@kasbah/runtime";
import type { ServerLimits } from "@kasbah/runtime/rpc";

const group = "Limits";

/** The limits that protect the gRPC port from unauthenticated callers. */
export const limitOptions = {
  maxConnections: option({
    flag: "--max-connections <n>",
    env: "KASBAH_MAX_CONNECTIONS",
    help: "maximum number of connections, lowered to what open files and memory allow; beyond it, a new one closes the oldest idle one",
    schema: schema.wholeNumber(1, 1_000_000),
    default: "20000",
    group,
  }),
  maxConnectionsPerAddress: option({
    flag: "--max-connections-per-address <n>",
    env: "KASBAH_MAX_CONNECTIONS_PER_ADDRESS",
    help: "maximum number of connections from one address (IPv6: one /64) whose callers have not authenticated; 0 means a quarter of all, once all are in use",
    schema: schema.wholeNumber(0, 1_000_000),
    default: "0",
    group,
  }),
  maxStreams: option({
    flag: "--max-streams <n>",
    env: "KASBAH_MAX_STREAMS",
    help: "maximum number of concurrent calls on one connection",
    schema: schema.wholeNumber(1, 100_000),
    default: "100",
    group,
  }),
  maxInFlight: option({
    flag: "--max-in-flight <n>",
    env: "KASBAH_MAX_IN_FLIGHT",
    help: "maximum number of concurrent calls on all connections; a call counts from the end of its body to its response, and the CA refuses more",
    schema: schema.wholeNumber(1, 1_000_000),
    default: "1000",
    group,
  }),
  maxWatches: option({
    flag: "--max-watches <n>",
    env: "KASBAH_MAX_WATCHES",
    help: "maximum number of Health/Watch streams, at most 10 per connection; beyond it, a new one closes the oldest",
    schema: schema.wholeNumber(1, 1_000_000),
    default: "1000",
    group,
  }),
  bodyTimeout: option({
    flag: "--body-timeout <duration>",
    env: "KASBAH_BODY_TIMEOUT",
    help: "maximum time from the headers of a call without authentication to the end of its body",
    schema: schema.duration,
    default: "2s",
    group,
  }),
  maxRequestBytes: option({
    flag: "--max-request-bytes <n>",
    env: "KASBAH_MAX_REQUEST_BYTES",
    help: "maximum size of a request; one with an RSA-4096 key takes 2 KiB",
    schema: schema.wholeNumber(1024, 4 * 1024 * 1024),
    default: "65536",
    group,
  }),
  maxHeaderBytes: option({
    flag: "--max-header-bytes <n>",
    env: "KASBAH_MAX_HEADER_BYTES",
    help: "maximum size of all headers of a call, including the token",
    schema: schema.wholeNumber(1024, 65_536),
    default: "20480",
    group,
  }),
  handshakeTimeout: option({
    flag: "--handshake-timeout <duration>",
    env: "KASBAH_HANDSHAKE_TIMEOUT",
    help: "maximum duration of a TLS handshake",
    schema: schema.duration,
    default: "5s",
    group,
  }),
  firstRequestTimeout: option({
    flag: "--first-request-timeout <duration>",
    env: "KASBAH_FIRST_REQUEST_TIMEOUT",
    help: "maximum time from a connection to its first call",
    schema: schema.duration,
    default: "10s",
    group,
  }),
  callTimeout: option({
    flag: "--call-timeout <duration>",
    env: "KASBAH_CALL_TIMEOUT",
    help: "maximum duration of a call, from its headers to its response",
    schema: schema.duration,
    default: "10s",
    group,
  }),
  maxIdle: option({
    flag: "--max-idle <duration>",
    env: "KASBAH_MAX_IDLE",
    help: "how long a connection without calls stays open",
    schema: schema.duration,
    default: "5m",
    group,
  }),
  maxConnectionAge: option({
    flag: "--max-connection-age <duration>",
    env: "KASBAH_MAX_CONNECTION_AGE",
    help: "how long a connection is used before the CA asks the client to reconnect, so that replicas share the load",
    schema: schema.duration,
    default: "30m",
    group,
  }),
  resetBurst: option({
    flag: "--reset-burst <n>",
    env: "KASBAH_RESET_BURST",
    help: "calls that a client may cancel on one connection in a burst; a tenth of it is restored per second, and a client that exceeds it is disconnected",
    schema: schema.wholeNumber(1, 100_000),
    default: "100",
    group,
  }),
};

export type LimitConfig = ConfigOf<typeof limitOptions>;

const maxWatchesPerConnection = 10;

/** Enough for a starting pod with little of its processor, and short enough that silent peers do not keep others out. */
const graceMs = 2_000;

/** The limits of the gRPC server, lowered to what the host allows. */
export function limitsOf(config: LimitConfig, capacity: HostCapacity): ServerLimits {
  return {
    maxRequestBytes: config.maxRequestBytes,
    maxHeaderBytes: config.maxHeaderBytes,
    maxConcurrentStreams: config.maxStreams,
    ...connectionsWithin(config.maxConnections, capacity),
    graceMs,
    maxConnectionsPerAddress: config.maxConnectionsPerAddress,
    handshakeTimeoutMs: config.handshakeTimeout,
    firstRequestTimeoutMs: config.firstRequestTimeout,
    maxIdleMs: config.maxIdle,
    maxAgeMs: config.maxConnectionAge,
    callTimeoutMs: config.callTimeout,
    resetBurst: config.resetBurst,
    bodyTimeoutMs: config.bodyTimeout,
    maxWaiting: callsWithin(config.maxInFlight, capacity),
    maxOpenStreams: 2 * callsWithin(2 * config.maxInFlight, capacity),
    maxStreams: callsWithin(config.maxWatches, capacity),
    maxStreamsPerConnection: maxWatchesPerConnection,
  };
}
