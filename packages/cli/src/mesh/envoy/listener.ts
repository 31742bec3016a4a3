import type { HostPort } from "@kasbah/runtime";
import { jsonAccessLog } from "./access-log.ts";
import { downstreamTls } from "./transport-socket.ts";

/** The door for the mesh: mTLS outside, the workload's own port behind it. */
export interface Inbound {
  readonly address: HostPort;
  /** Where the workload itself listens, in the clear, on loopback. */
  readonly app: HostPort;
  /** The SPIFFE IDs that may call. */
  readonly peers: readonly string[];
}

/** The workload's way out: plain HTTP on loopback in, mTLS to one peer out. */
export interface Outbound {
  readonly address: HostPort;
  readonly upstream: HostPort;
  /** The SPIFFE ID that the upstream must prove. */
  readonly peer: string;
  /** Requests on one connection before a new one is made; 1 means a full handshake for every request. */
  readonly maxRequestsPerConnection?: number;
}

export const inboundCluster = "app";
export const outboundCluster = "upstream";

export function inboundListener({ address, peers }: Inbound, accessLogPath: string | undefined) {
  const filterChain = {
    transport_socket: downstreamTls(peers),
    filters: [
      connectionManager("inbound", inboundCluster, accessLogPath, {
        // The app reads who called from this header, so what a caller put there is thrown away first.
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

/** Statistics are `listener.<name>.…`, whatever the port. */
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
      // No retries: a failure during rotation must be seen, not hidden.
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
