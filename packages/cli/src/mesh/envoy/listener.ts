import type { HostPort } from "@kasbah/runtime";
import { jsonAccessLog } from "./access-log.ts";
import { downstreamTls, type PeerMatch } from "./transport-socket.ts";

/**
 * How an Envoy forwards: HTTP/1.1 with Envoy's limits; any HTTP without a limit of time, which fits every program;
 * or bytes.
 */
type Protocol = "http/1.1" | "http" | "tcp";

/** The inbound listener: mTLS from the mesh, forwarded to the workload's own port. */
export interface Inbound {
  readonly address: HostPort;
  /** Where the workload listens, without TLS, on loopback. */
  readonly app: HostPort;
  /** The SPIFFE IDs that may connect. */
  readonly peers: readonly PeerMatch[];
  /** `http/1.1` by default. */
  readonly protocol?: Protocol;
}

/** The outbound listener: accepts plain HTTP on loopback and forwards it to one peer with mTLS. */
export interface Outbound {
  readonly address: HostPort;
  readonly upstream: HostPort;
  /** The SPIFFE ID that the upstream must have. */
  readonly peer: string;
  /** Requests per connection; 1 means a full handshake for every request. */
  readonly maxRequestsPerConnection?: number;
  /** `http/1.1` by default. */
  readonly protocol?: Protocol;
}

/** A listener, with the names of it and of its cluster, which are also those of their statistics. */
export interface Named<T> {
  readonly name: string;
  readonly cluster: string;
  readonly route: T;
}

export function inboundListener({ name, cluster, route }: Named<Inbound>, accessLogPath: string | undefined) {
  const { address, peers, protocol = "http/1.1" } = route;
  const filter =
    protocol === "tcp"
      ? tcpProxy(name, cluster, accessLogPath)
      : connectionManager(name, cluster, accessLogPath, protocol, {
          // The app reads the caller's identity from this header, so Envoy removes the caller's own value
          // first.
          forward_client_cert_details: "SANITIZE_SET",
          set_current_client_cert_details: { uri: true },
        });
  const filterChain = { transport_socket: downstreamTls(peers), filters: [filter] };
  return { ...named(name, address), filter_chains: [filterChain] };
}

export function outboundListener(
  { name, cluster, route }: Named<Outbound>,
  accessLogPath: string | undefined,
) {
  const { address, protocol = "http/1.1" } = route;
  const filter =
    protocol === "tcp"
      ? tcpProxy(name, cluster, accessLogPath)
      : connectionManager(name, cluster, accessLogPath, protocol, {});
  return { ...named(name, address), filter_chains: [{ filters: [filter] }] };
}

/** Statistics are named `listener.<name>.…`, independent of the port. */
function named(name: string, address: HostPort) {
  return { name, stat_prefix: name, address: socketAddress(address) };
}

function tcpProxy(name: string, cluster: string, accessLogPath: string | undefined) {
  return {
    name: "envoy.filters.network.tcp_proxy",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
      stat_prefix: name,
      cluster,
      // By default, Envoy closes a connection that was quiet for an hour.
      idle_timeout: "0s",
      ...accessLog(accessLogPath),
    },
  };
}

function connectionManager(
  name: string,
  cluster: string,
  accessLogPath: string | undefined,
  protocol: "http/1.1" | "http",
  more: object,
) {
  const anyLength = protocol === "http";
  const route = { cluster, ...(anyLength ? { timeout: "0s" } : {}) };
  return {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: {
      "@type":
        "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
      stat_prefix: name,
      // No retries: failures during a rotation must be visible.
      route_config: {
        virtual_hosts: [{ name, domains: ["*"], routes: [{ match: { prefix: "/" }, route }] }],
      },
      http_filters: [
        {
          name: "envoy.filters.http.router",
          typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
        },
      ],
      ...accessLog(accessLogPath),
      ...(anyLength ? unlimited : {}),
      ...more,
    },
  };
}

const unlimited = {
  // Server-sent events and WebSockets are quiet for longer than Envoy's 5 minutes.
  stream_idle_timeout: "0s",
  upgrade_configs: [{ upgrade_type: "websocket" }],
  // Without the reason, a peer that is down and one of another name look the same.
  local_reply_config: {
    body_format: {
      text_format_source: {
        inline_string: "%LOCAL_REPLY_BODY%: %UPSTREAM_TRANSPORT_FAILURE_REASON%\n",
      },
    },
  },
};

function accessLog(path: string | undefined) {
  return path === undefined ? {} : { access_log: [jsonAccessLog(path)] };
}

export function socketAddress({ host, port }: HostPort) {
  return { socket_address: { address: host, port_value: port } };
}
