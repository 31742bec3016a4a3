import assert from "node:assert/strict";
import { createBootstrap, type EnvoyOptions } from "./bootstrap.ts";

const loopback = (port: number) => ({ host: "127.0.0.1", port });
const settings: EnvoyOptions = {
  nodeId: "frontend.demo",
  cluster: "frontend.demo",
  admin: loopback(9901),
  sdsSocket: "/run/sds.sock",
  inbound: { address: loopback(8443), app: loopback(8080), peers: ["spiffe://td/ns/demo/sa/a"] },
  outbound: { address: loopback(8081), upstream: loopback(8444), peer: "spiffe://td/ns/demo/sa/b" },
};

/** Every value with this key, at any depth. */
function valuesOf(tree: unknown, key: string): unknown[] {
  if (typeof tree !== "object" || tree === null) return [];
  return Object.entries(tree).flatMap(([name, value]) => [
    ...(name === key ? [value] : []),
    ...valuesOf(value, key),
  ]);
}

describe("createBootstrap", () => {
  it("requires a certificate of a listed peer", () => {
    const tree = createBootstrap(settings);
    assert.deepEqual(valuesOf(tree, "require_client_certificate"), [true]);
    assert.deepEqual(valuesOf(tree, "match_typed_subject_alt_names"), [
      [{ san_type: "URI", matcher: { exact: "spiffe://td/ns/demo/sa/a" } }],
      [{ san_type: "URI", matcher: { exact: "spiffe://td/ns/demo/sa/b" } }],
    ]);
  });

  it("disables session resumption on both sides", () => {
    const tree = createBootstrap(settings);
    assert.deepEqual(valuesOf(tree, "disable_stateless_session_resumption"), [true]);
    assert.deepEqual(valuesOf(tree, "disable_stateful_session_resumption"), [true]);
    assert.deepEqual(valuesOf(tree, "max_session_keys"), [0]);
  });

  it("waits for every secret instead of serving without it, and sends its node only once", () => {
    const tree = createBootstrap(settings);
    assert.deepEqual(valuesOf(tree, "initial_fetch_timeout"), ["0s", "0s", "0s", "0s"]);
    assert.deepEqual(valuesOf(tree, "set_node_on_first_message_only"), [true, true, true, true]);
    assert.deepEqual(valuesOf(tree, "resource_api_version"), ["V3", "V3", "V3", "V3"]);
  });

  it("reaches the agent through HTTP/2 on its socket", () => {
    const [sds] = createBootstrap(settings).static_resources.clusters;
    assert.deepEqual(valuesOf(sds, "explicit_http_config"), [{ http2_protocol_options: {} }]);
    assert.deepEqual(valuesOf(sds, "pipe"), [{ path: "/run/sds.sock" }]);
  });

  it("removes a caller's own identity header before it adds the verified one", () => {
    assert.deepEqual(valuesOf(createBootstrap(settings), "forward_client_cert_details"), ["SANITIZE_SET"]);
  });

  it("opens a new connection per request only if configured", () => {
    assert.deepEqual(valuesOf(createBootstrap(settings), "max_requests_per_connection"), []);
    const outbound = { ...settings.outbound, maxRequestsPerConnection: 1 } as typeof settings.outbound;
    const fresh = createBootstrap({ ...settings, ...(outbound ? { outbound } : {}) });
    assert.deepEqual(valuesOf(fresh, "max_requests_per_connection"), [1]);
  });

  it("logs the caller's SPIFFE ID and serial if an access log is configured", () => {
    assert.deepEqual(valuesOf(createBootstrap(settings), "json_format"), []);
    const [format] = valuesOf(createBootstrap({ ...settings, accessLogPath: "/log" }), "json_format");
    assert.equal((format as Record<string, string>)["peer"], "%DOWNSTREAM_PEER_URI_SAN%");
    assert.equal((format as Record<string, string>)["serial"], "%DOWNSTREAM_PEER_SERIAL%");
  });

  it("accepts every SPIFFE ID with a prefix, if peers are named so", () => {
    const inbound = { address: loopback(1), app: loopback(2), peers: [{ prefix: "spiffe://td/" }] };
    const [matches] = valuesOf(createBootstrap({ ...settings, inbound }), "match_typed_subject_alt_names");
    assert.deepEqual(matches, [{ san_type: "URI", matcher: { prefix: "spiffe://td/" } }]);
  });

  it("gives each of several listeners its own names, and the first one the plain names", () => {
    const { inbound, outbound } = settings;
    const each = { inbound: [inbound, inbound].flatMap((one) => one ?? []), outbound: outbound ?? [] };
    const { listeners, clusters } = createBootstrap({ ...settings, ...each }).static_resources;
    assert.deepEqual(
      listeners.map(({ name }) => name),
      ["inbound", "inbound-2", "outbound"],
    );
    assert.deepEqual(
      clusters.map(({ name }) => name),
      ["sds-grpc", "app", "app-2", "upstream"],
    );
  });

  it("forwards bytes with tcp, and any HTTP of any duration with http", () => {
    const as = (protocol: "http" | "tcp") =>
      createBootstrap({
        ...settings,
        inbound: { address: loopback(1), app: loopback(2), peers: [], protocol },
        outbound: { address: loopback(3), upstream: loopback(4), peer: "spiffe://td/ns/a/sa/b", protocol },
      });
    const filters = (protocol: "http" | "tcp") =>
      as(protocol).static_resources.listeners.flatMap(({ filter_chains: chains }) =>
        chains.flatMap(({ filters }) => filters.map(({ name }) => name.split(".").at(-1))),
      );
    assert.deepEqual(filters("tcp"), ["tcp_proxy", "tcp_proxy"]);
    assert.deepEqual(filters("http"), ["http_connection_manager", "http_connection_manager"]);
    assert.deepEqual(valuesOf(as("http"), "timeout"), ["0s", "0s"]);
    assert.equal(valuesOf(as("http"), "use_downstream_protocol_config").length, 2);
    assert.deepEqual(valuesOf(createBootstrap(settings), "timeout"), []);
  });

  it("reaches a program on localhost by IPv4 and IPv6, a peer by IPv4, an address as it is, and a name by DNS", () => {
    const clusterOf = (host: string) => {
      const outbound = { address: loopback(3), upstream: { host, port: 4 }, peer: "spiffe://td/ns/a/sa/b" };
      return createBootstrap({ ...settings, outbound }).static_resources.clusters.at(-1);
    };
    assert.deepEqual(
      ["localhost", "10.0.0.1", "::1", "api.example"].map((host) => clusterOf(host)?.type),
      ["STATIC", "STATIC", "STATIC", "STRICT_DNS"],
    );
    const addressesIn = (cluster: unknown) =>
      valuesOf(cluster, "socket_address").map((each) => (each as { address: string }).address);
    assert.deepEqual(addressesIn(clusterOf("localhost")), ["127.0.0.1"]);
    const inbound = { address: loopback(1), app: { host: "localhost", port: 2 }, peers: [] };
    const [, app] = createBootstrap({ ...settings, inbound }).static_resources.clusters;
    assert.deepEqual(addressesIn(app), ["127.0.0.1", "::1"]);
  });

  it("limits connections only if configured, and logs to its own output without a path", () => {
    assert.deepEqual(valuesOf(createBootstrap(settings), "max_active_downstream_connections"), []);
    const tree = createBootstrap({ ...settings, maxConnections: 7, accessLogPath: "/dev/stdout" });
    assert.deepEqual(valuesOf(tree, "max_active_downstream_connections"), [7]);
    const types = valuesOf(valuesOf(tree, "access_log"), "@type").map((type) =>
      String(type).split(".").at(-1),
    );
    assert.deepEqual(types, ["StdoutAccessLog", "StdoutAccessLog"]);
  });

  it("contains only the configured listeners", () => {
    const { nodeId, cluster, admin, sdsSocket } = settings;
    const { listeners, clusters } = createBootstrap({ nodeId, cluster, admin, sdsSocket }).static_resources;
    assert.deepEqual(listeners, []);
    assert.deepEqual(
      clusters.map(({ name }) => name),
      ["sds-grpc"],
    );
  });
});
