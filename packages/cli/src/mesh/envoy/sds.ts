/** The name of the static cluster for the agent's Unix socket. */
const sdsClusterName = "sds-grpc";
/** The number of calls that the agent accepts. */
const maxCalls = 4_096;

/**
 * Configures one secret from the agent with the v3 API. Envoy waits forever for it instead of serving without
 * it.
 */
export function sdsSecret(name: "default" | "ROOTCA") {
  return {
    name,
    sds_config: {
      resource_api_version: "V3",
      // 0 waits for the agent. With any other value, the listener accepts connections after the timeout and
      // resets them.
      initial_fetch_timeout: "0s",
      api_config_source: {
        api_type: "GRPC",
        transport_api_version: "V3",
        // The node is 60 KB; without this, every ACK repeats it.
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: sdsClusterName } }],
      },
    },
  };
}

/** The static cluster for the agent's socket. */
export function sdsCluster(socketPath: string) {
  return {
    name: sdsClusterName,
    type: "STATIC",
    connect_timeout: "1s",
    // Each name is a request that stays open. Beyond the default of 1024, Envoy fails its own requests.
    circuit_breakers: { thresholds: [{ max_requests: maxCalls, max_pending_requests: maxCalls }] },
    // Otherwise Envoy silently speaks HTTP/1.1 to a gRPC server and waits forever.
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    load_assignment: {
      cluster_name: sdsClusterName,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: socketPath } } } }] }],
    },
  };
}
