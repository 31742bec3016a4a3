import assert from "node:assert/strict";
import { createBootstrap, type EnvoySettings } from "./bootstrap.ts";

const loopback = (port: number) => ({ host: "127.0.0.1", port });
const settings: EnvoySettings = {
  nodeId: "frontend.demo",
  cluster: "frontend.demo",
  admin: loopback(9901),
  sdsSocket: "/run/sds.sock",
  inbound: { address: loopback(8443), app: loopback(8080), peers: ["spiffe://td/ns/demo/sa/a"] },
  outbound: { address: loopback(8081), upstream: loopback(8444), peer: "spiffe://td/ns/demo/sa/b" },
};

/** Every value under this key, wherever it stands. */
function valuesOf(tree: unknown, key: string): unknown[] {
  if (typeof tree !== "object" || tree === null) return [];
  return Object.entries(tree).flatMap(([name, value]) => [
    ...(name === key ? [value] : []),
    ...valuesOf(value, key),
  ]);
}

describe("an Envoy bootstrap", () => {
  it("lets nobody in without a certificate of a named peer", () => {
    const tree = createBootstrap(settings);
    assert.deepEqual(valuesOf(tree, "require_client_certificate"), [true]);
    assert.deepEqual(valuesOf(tree, "match_typed_subject_alt_names"), [
      [{ san_type: "URI", matcher: { exact: "spiffe://td/ns/demo/sa/a" } }],
      [{ san_type: "URI", matcher: { exact: "spiffe://td/ns/demo/sa/b" } }],
    ]);
  });

  it("resumes no session on either side", () => {
    const tree = createBootstrap(settings);
    assert.deepEqual(valuesOf(tree, "disable_stateless_session_resumption"), [true]);
    assert.deepEqual(valuesOf(tree, "disable_stateful_session_resumption"), [true]);
    assert.deepEqual(valuesOf(tree, "max_session_keys"), [0]);
  });

  it("waits for every secret rather than serve without it, and says who it is only once", () => {
    const tree = createBootstrap(settings);
    assert.deepEqual(valuesOf(tree, "initial_fetch_timeout"), ["0s", "0s", "0s", "0s"]);
    assert.deepEqual(valuesOf(tree, "set_node_on_first_message_only"), [true, true, true, true]);
    assert.deepEqual(valuesOf(tree, "resource_api_version"), ["V3", "V3", "V3", "V3"]);
  });

  it("reaches the agent by HTTP/2 over its socket", () => {
    const [sds] = createBootstrap(settings).static_resources.clusters;
    assert.deepEqual(valuesOf(sds, "explicit_http_config"), [{ http2_protocol_options: {} }]);
    assert.deepEqual(valuesOf(sds, "pipe"), [{ path: "/run/sds.sock" }]);
  });

  it("throws away a caller's own identity header before it writes the true one", () => {
    assert.deepEqual(valuesOf(createBootstrap(settings), "forward_client_cert_details"), ["SANITIZE_SET"]);
  });

  it("makes a new connection for every request only when it is told to", () => {
    assert.deepEqual(valuesOf(createBootstrap(settings), "max_requests_per_connection"), []);
    const outbound = { ...settings.outbound, maxRequestsPerConnection: 1 } as typeof settings.outbound;
    const fresh = createBootstrap({ ...settings, ...(outbound ? { outbound } : {}) });
    assert.deepEqual(valuesOf(fresh, "max_requests_per_connection"), [1]);
  });

  it("writes who called, by SPIFFE ID and serial, when it has an access log", () => {
    assert.deepEqual(valuesOf(createBootstrap(settings), "json_format"), []);
    const [format] = valuesOf(createBootstrap({ ...settings, accessLogPath: "/log" }), "json_format");
    assert.equal((format as Record<string, string>)["peer"], "%DOWNSTREAM_PEER_URI_SAN%");
    assert.equal((format as Record<string, string>)["serial"], "%DOWNSTREAM_PEER_SERIAL%");
  });

  it("has only the ways that it is given", () => {
    const { nodeId, cluster, admin, sdsSocket } = settings;
    const { listeners, clusters } = createBootstrap({ nodeId, cluster, admin, sdsSocket }).static_resources;
    assert.deepEqual(listeners, []);
    assert.deepEqual(
      clusters.map(({ name }) => name),
      ["sds-grpc"],
    );
  });
});
