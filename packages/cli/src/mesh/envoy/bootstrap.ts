import type { HostPort } from "@kasbah/runtime";
import {
  type Inbound,
  inboundCluster,
  inboundListener,
  type Outbound,
  outboundCluster,
  outboundListener,
  socketAddress,
} from "./listener.ts";
import { sdsCluster } from "./sds.ts";
import { upstreamTls } from "./transport-socket.ts";

/** The Envoy of one workload: its agent, and its inbound and outbound traffic. */
export interface EnvoyOptions {
  readonly nodeId: string;
  readonly cluster: string;
  /** Keep it on loopback: anyone who can reach it controls this Envoy. */
  readonly admin: HostPort;
  readonly sdsSocket: string;
  readonly inbound?: Inbound;
  readonly outbound?: Outbound;
  /** Where to write the access log as JSON lines; no log by default. */
  readonly accessLogPath?: string;
}

/**
 * An Envoy bootstrap with strict mTLS in both directions. Everything is static except the secrets, which the
 * agent serves. Write it as JSON and start `envoy -c`.
 */
export function createBootstrap(settings: EnvoyOptions) {
  const { nodeId, cluster, admin, sdsSocket, inbound, outbound, accessLogPath } = settings;
  return {
    node: { id: nodeId, cluster },
    admin: { address: socketAddress(admin) },
    static_resources: {
      listeners: [
        ...(inbound ? [inboundListener(inbound, accessLogPath)] : []),
        ...(outbound ? [outboundListener(outbound, accessLogPath)] : []),
      ],
      clusters: [
        sdsCluster(sdsSocket),
        ...(inbound ? [appCluster(inbound.app)] : []),
        ...(outbound ? [upstreamCluster(outbound)] : []),
      ],
    },
  };
}

function appCluster(app: HostPort) {
  return staticCluster(inboundCluster, app);
}

function upstreamCluster({ upstream, peer, maxRequestsPerConnection }: Outbound) {
  return {
    ...staticCluster(outboundCluster, upstream),
    transport_socket: upstreamTls(peer),
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config: { http_protocol_options: {} },
        ...(maxRequestsPerConnection === undefined
          ? {}
          : { common_http_protocol_options: { max_requests_per_connection: maxRequestsPerConnection } }),
      },
    },
  };
}

function staticCluster(name: string, { host, port }: HostPort) {
  return {
    name,
    type: "STATIC",
    connect_timeout: "5s",
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress({ host, port }) } }] }],
    },
  };
}
