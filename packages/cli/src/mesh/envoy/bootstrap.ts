import type { HostPort } from "@kasbah/runtime";
import { plainCluster } from "./cluster.ts";
import {
  type Inbound,
  inboundListener,
  type Named,
  type Outbound,
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
  readonly inbound?: Inbound | readonly Inbound[];
  readonly outbound?: Outbound | readonly Outbound[];
  /** Where to write the access log as JSON lines; no log by default. */
  readonly accessLogPath?: string;
  /** The connections of callers at a time; without a limit, Envoy warns at its start. */
  readonly maxConnections?: number;
}

/**
 * An Envoy bootstrap with strict mTLS in both directions. Everything is static except the secrets, which the
 * agent serves. Write it as JSON and start `envoy -c`.
 */
export function createBootstrap(settings: EnvoyOptions) {
  const { nodeId, cluster, admin, sdsSocket, accessLogPath } = settings;
  const inbound = nameAll("inbound", "app", settings.inbound);
  const outbound = nameAll("outbound", "upstream", settings.outbound);
  return {
    node: { id: nodeId, cluster },
    admin: { address: socketAddress(admin) },
    ...connectionLimit(settings.maxConnections),
    static_resources: {
      listeners: [
        ...inbound.map((each) => inboundListener(each, accessLogPath)),
        ...outbound.map((each) => outboundListener(each, accessLogPath)),
      ],
      clusters: [sdsCluster(sdsSocket), ...inbound.map(appCluster), ...outbound.map(upstreamCluster)],
    },
  };
}

function connectionLimit(most: number | undefined) {
  if (most === undefined) return {};
  const monitor = {
    name: "envoy.resource_monitors.global_downstream_max_connections",
    typed_config: {
      "@type":
        "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
      max_active_downstream_connections: most,
    },
  };
  return { overload_manager: { resource_monitors: [monitor] } };
}

/** The first one has the plain names. */
function nameAll<T>(
  name: string,
  cluster: string,
  routes: T | readonly T[] | undefined,
): readonly Named<T>[] {
  return [routes ?? []].flat().map((route, i) => {
    const suffix = i === 0 ? "" : `-${i + 1}`;
    return { name: `${name}${suffix}`, cluster: `${cluster}${suffix}`, route: route as T };
  });
}

function appCluster({ cluster, route: { app, protocol } }: Named<Inbound>) {
  const plain = plainCluster(cluster, app);
  return protocol === "http" ? { ...plain, ...httpOptions(sameVersion) } : plain;
}

function upstreamCluster({ cluster, route }: Named<Outbound>) {
  const { upstream, peer, maxRequestsPerConnection, protocol = "http/1.1" } = route;
  const { port } = upstream;
  // A second address would hide why the first one was refused: the peer's Envoy listens on IPv4.
  const address = upstream.host === "localhost" ? { host: "127.0.0.1", port } : upstream;
  const tls = { ...plainCluster(cluster, address), transport_socket: upstreamTls(peer) };
  if (protocol === "tcp") return tls;
  const version = protocol === "http" ? sameVersion : { explicit_http_config: { http_protocol_options: {} } };
  const limit =
    maxRequestsPerConnection === undefined
      ? {}
      : { common_http_protocol_options: { max_requests_per_connection: maxRequestsPerConnection } };
  return { ...tls, ...httpOptions({ ...version, ...limit }) };
}

/** gRPC needs HTTP/2 on both sides, and simple servers know only HTTP/1.1. */
const sameVersion = {
  use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} },
};

function httpOptions(options: object) {
  return {
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        ...options,
      },
    },
  };
}
