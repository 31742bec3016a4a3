import { createBootstrap } from "@kasbah/cli/mesh";
import type { HostPort } from "@kasbah/runtime";

/** A listener of an Envoy that echoes data over mTLS, and the secrets that it requests from the agent. */
export interface Door {
  readonly port: number;
  readonly protocol: "GRPC" | "DELTA_GRPC";
  readonly certificate: string;
  readonly roots: string;
  /** The name of Envoy's cluster for the agent's socket, if it is not the one of our own bootstrap. */
  readonly cluster?: string;
  /** How long Envoy waits for these secrets before it opens the listener without them; 0s waits forever. */
  readonly fetchTimeout: string;
}

export interface DoorsOptions {
  readonly admin: HostPort;
  readonly sdsSocket: string;
  readonly doors: readonly Door[];
}

/** The bootstrap of an Envoy with these listeners. */
export function bootstrapWithDoors({ admin, sdsSocket, doors }: DoorsOptions) {
  const bootstrap = createBootstrap({ nodeId: "doors", cluster: "doors", admin, sdsSocket });
  const [sds, ...others] = bootstrap.static_resources.clusters;
  const names = new Set(doors.flatMap(({ cluster }) => cluster ?? []));
  const clusters = [sds, ...others, ...[...names].map((name) => renamed(sds, name))];
  return { ...bootstrap, static_resources: { clusters, listeners: doors.map(listenerOf) } };
}

type Cluster = ReturnType<typeof createBootstrap>["static_resources"]["clusters"][number] | undefined;

function renamed(cluster: Cluster, name: string) {
  return { ...cluster, name, load_assignment: { ...cluster?.load_assignment, cluster_name: name } };
}

function listenerOf(door: Door) {
  const echo = {
    name: "envoy.filters.network.echo",
    typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo" },
  };
  return {
    name: `door-${door.port}`,
    address: { socket_address: { address: "127.0.0.1", port_value: door.port } },
    filter_chains: [{ filters: [echo], transport_socket: transportSocket(door) }],
  };
}

function transportSocket(door: Door) {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
      require_client_certificate: true,
      common_tls_context: {
        tls_certificate_sds_secret_configs: [secret(door.certificate, door)],
        validation_context_sds_secret_config: secret(door.roots, door),
      },
    },
  };
}

function secret(name: string, { protocol, fetchTimeout, cluster = "sds-grpc" }: Door) {
  return {
    name,
    sds_config: {
      resource_api_version: "V3",
      initial_fetch_timeout: fetchTimeout,
      api_config_source: {
        api_type: protocol,
        transport_api_version: "V3",
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: cluster } }],
      },
    },
  };
}
