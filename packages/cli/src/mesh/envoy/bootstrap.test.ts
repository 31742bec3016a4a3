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
