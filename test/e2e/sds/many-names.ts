import type { HostPort } from "@kasbah/runtime";
import { documentedClusters } from "../gateway-bootstrap.ts";

export const protocols = ["GRPC", "DELTA_GRPC"] as const;
type Protocol = (typeof protocols)[number];

export interface ManyNamesOptions {
  readonly admin: HostPort;
  readonly sdsSocket: string;
  /** The port of the listener for each protocol. */
  readonly ports: Readonly<Record<Protocol, number>>;
  /** The resource names; each is the certificate of the host with its number. */
  readonly names: readonly string[];
}

/** An Envoy with the documented cluster and a listener for each protocol, with a certificate for each host. */
export function bootstrapWithNames({ admin, sdsSocket, ports, names }: ManyNamesOptions) {
  const listeners = protocols.map((protocol) => listenerOf(protocol, ports[protocol], names));
  return {
    node: { id: "gateway", cluster: "gateway" },
    admin: { address: { socket_address: { address: admin.host, port_value: admin.port } } },
    static_resources: { clusters: documentedClusters(sdsSocket), listeners },
  };
}

function listenerOf(protocol: Protocol, port: number, names: readonly string[]) {
  return {
    name: protocol,
    address: { socket_address: { address: "127.0.0.1", port_value: port } },
    listener_filters: [
      {
        name: "envoy.filters.listener.tls_inspector",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
        },
      },
    ],
    filter_chains: names.map((name, index) => chainOf(name, hostOf(index), protocol)),
  };
}

export const hostOf = (index: number) => `host-${index}.example.com`;

function chainOf(name: string, host: string, protocol: Protocol) {
  const sds = {
    resource_api_version: "V3",
    initial_fetch_timeout: "0s",
    api_config_source: {
      api_type: protocol,
      transport_api_version: "V3",
      set_node_on_first_message_only: true,
      grpc_services: [{ envoy_grpc: { cluster_name: "sds" } }],
    },
  };
  const echo = {
    name: "envoy.filters.network.echo",
    typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo" },
  };
  return {
    filter_chain_match: { server_names: [host] },
    filters: [echo],
    transport_socket: {
      name: "envoy.transport_sockets.tls",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        common_tls_context: { tls_certificate_sds_secret_configs: [{ name, sds_config: sds }] },
      },
    },
  };
}
