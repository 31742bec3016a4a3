import type { HostPort } from "@kasbah/runtime";
import { jsonAccessLog } from "./access-log.ts";
import { downstreamTls } from "./transport-socket.ts";

/** The inbound listener: mTLS from the mesh, forwarded to the workload's own port. */
export interface Inbound {
  readonly address: HostPort;
  /** Where the workload listens, without TLS, on loopback. */
  readonly app: HostPort;
  /** The SPIFFE IDs that may connect. */
  readonly peers: readonly string[];
}

/** The outbound listener: accepts plain HTTP on loopback and forwards it to one peer with mTLS. */
export interface Outbound {
  readonly address: HostPort;
  readonly upstream: HostPort;
  /** The SPIFFE ID that the upstream must have. */
  readonly peer: string;
  /** Requests per connection; 1 means a full handshake for every request. */
  readonly maxRequestsPerConnection?: number;
}

export const inboundCluster = "app";
export const outboundCluster = "upstream";

export function inboundListener({ address, peers }: Inbound, accessLogPath: string | undefined) {
  const filterChain = {
    transport_socket: downstreamTls(peers),
    filters: [
      connectionManager("inbound", inboundCluster, accessLogPath, {
        // The app reads the caller's identity from this header, so Envoy removes the caller's own value
        // first.
        forward_client_cert_details: "SANITIZE_SET",
        set_current_client_cert_details: { uri: true },
      }),
    ],
  };
  return { ...named("inbound", address), filter_chains: [filterChain] };
}

export function outboundListener({ address }: Outbound, accessLogPath: string | undefined) {
  const filters = [connectionManager("outbound", outboundCluster, accessLogPath, {})];
  return { ...named("outbound", address), filter_chains: [{ filters }] };
}

/** Statistics are named `listener.<name>.…`, independent of the port. */
function named(name: string, address: HostPort) {
  return { name, stat_prefix: name, address: socketAddress(address) };
}

function connectionManager(name: string, cluster: string, accessLogPath: string | undefined, more: object) {
  return {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: {
      "@type":
        "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
      stat_prefix: name,
      // No retries: failures during a rotation must be visible.
      route_config: {
        virtual_hosts: [{ name, domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster } }] }],
      },
      http_filters: [
        {
          name: "envoy.filters.http.router",
          typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
        },
      ],
      ...(accessLogPath === undefined ? {} : { access_log: [jsonAccessLog(accessLogPath)] }),
      ...more,
    },
  };
}

export function socketAddress({ host, port }: HostPort) {
  return { socket_address: { address: host, port_value: port } };
}
