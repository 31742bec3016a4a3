import assert from "node:assert/strict";
import { createKeyPair } from "@kasbah/pki";
import { createTestAuthority, eventually, freePort, ProxyServer, type TestAuthority } from "@kasbah/testkit";
import { HttpTunnel, parseProxyAddress } from "../../dial/proxy/index.ts";
import { GrpcServer } from "../grpc-js/index.ts";
import { grpcStatus, type RpcError, unaryRoute } from "../index.ts";
import { Http2Channel, type TlsTarget } from "./index.ts";

const bytes = {
  encode: (message: Uint8Array) => message,
  decode: (message: Uint8Array) => Buffer.from(message),
};
const say = { path: "/test.Echo/Say", request: bytes, response: bytes };
const hello = Buffer.from("hello");

describe("Http2Channel through a proxy", () => {
  let authority: TestAuthority;
  let server: GrpcServer;
  let proxy: ProxyServer;
  let port: number;

  before(async () => {
    authority = await createTestAuthority();
    const echo = unaryRoute<Uint8Array, Uint8Array>({
      path: say.path,
      ...bytes,
      handle: async (received) => received.request(),
    });
    server = new GrpcServer({
      routes: [echo],
      toStatus: () => ({ code: grpcStatus.INTERNAL, message: "internal error" }),
    });
    const keyPair = await createKeyPair("P-256");
    const names = [{ kind: "dns", value: "ca.test" }] as const;
    const leaf = await authority.issue({ publicKey: keyPair.publicKey, names });
    const identity = { certificateChainPem: leaf.toPem(), privateKeyPem: keyPair.toPkcs8Pem() };
    ({ port } = await server.listenTls({ host: "127.0.0.1", port: 0 }, identity));
  });

  beforeEach(async () => {
    proxy = await ProxyServer.start();
  });

  afterEach(() => proxy[Symbol.asyncDispose]());

  after(() => server.close(100));

  async function call(more: Partial<TlsTarget> = {}, url = proxy.url.href, deadlineMs = 60_000) {
    const tunnel = new HttpTunnel(parseProxyAddress(url));
    const address = { host: "ca.test.", port };
    const channel = new Http2Channel({ address, rootsPem: authority.rootPem, tunnel, ...more });
    try {
      const metadata = { authorization: "Bearer the-token" };
      return await channel.unary(say, hello, { deadlineMs, metadata });
    } finally {
      channel.close();
    }
  }

  const failure = async (...args: Parameters<typeof call>): Promise<RpcError> =>
    call(...args).then(
      () => assert.fail("the call succeeded"),
      (error: RpcError) => error,
    );

  it("shows the proxy the name of the server, but neither the token nor the request, and closes its connection", async () => {
    assert.deepEqual(await call(), hello);
    assert.deepEqual(proxy.heads, [`CONNECT ca.test:${port} HTTP/1.1\r\nHost: ca.test:${port}\r\n\r\n`]);
    for (const secret of ["the-token", "hello"]) assert.equal(proxy.saw(secret), false, secret);
    await eventually(() => proxy.open === 0);
  });

  it("sends nothing to a server behind the tunnel that is not verified", async () => {
    const other = await createTestAuthority("Other");
    await assert.rejects(call({ rootsPem: other.rootPem }), { code: grpcStatus.UNAVAILABLE });
    await assert.rejects(call({ serverName: "other.test" }), { code: grpcStatus.UNAVAILABLE });
    assert.equal(proxy.heads.length, 2);
    await eventually(() => proxy.open === 0);
  });

  it("names the proxy and the status of a refusal, and quotes no word of the proxy and no credential", async () => {
    const url = proxy.url.href.replace("//", "//user:pass%40word@");
    for (const [status, expected] of [
      [407, /it answered 407; set user and password in --ca-proxy$/],
      [403, /it answered 403$/],
      [302, /it answered 302$/],
      [503, /it answered 503$/],
    ] as const) {
      proxy.behavior = { answer: `HTTP/1.1 ${status} injected\r\nx: y\r\n\r\nmore` };
      const { message, stack } = await failure({}, url);
      assert.match(message, expected);
      assert.match(message, /through the proxy http:\/\/127\.0\.0\.1:\d+: /);
      assert.doesNotMatch(`${message} ${stack}`, /injected|user:|pass@word|pass%40word/);
    }
    const sent = Buffer.from("user:pass@word").toString("base64");
    assert.match(proxy.heads[0] ?? "", new RegExp(`^Proxy-Authorization: Basic ${sent}\r$`, "m"));
    await eventually(() => proxy.open === 0);
  });

  it("fails on garbage, an endless head, octets after the head, and a proxy that is gone", async () => {
    const ok = "HTTP/1.1 200 OK\r\n";
    for (const [answer, expected] of [
      ["\0\xff\r\n\r\n", /did not answer as an HTTP proxy/],
      ["\r\n\r\n", /did not answer as an HTTP proxy/],
      [ok + "a: b\r\n".repeat(5_000), /more than 8192 octets/],
      [`${ok}\r\nHTTP/1.1 200 OK\r\n\r\n`, /octets after its answer/],
    ] as const) {
      proxy.behavior = { answer };
      assert.match((await failure()).message, expected);
    }
    const gone = `http://127.0.0.1:${await freePort()}`;
    assert.match((await failure({}, gone)).message, /proxy http:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED/);
    await eventually(() => proxy.open === 0);
  });

  it("closes its connection to a proxy that never answers, and says how far the call came", async () => {
    for (const behavior of ["hang", { answer: "HTTP/1.1 200 OK\r\n" }] as const) {
      proxy.behavior = behavior;
      const { code, message } = await failure({}, proxy.url.href, 300);
      assert.equal(code, grpcStatus.DEADLINE_EXCEEDED);
      assert.match(message, /\(proxy http:\/\/127\.0\.0\.1:\d+: 127\.0\.0\.1: accepted the connection, but/);
      await eventually(() => proxy.open === 0);
    }
  });

  it("tries the other addresses of the proxy's name if one is dead", async () => {
    const url = `http://proxy.test:${proxy.url.port}`;
    const resolve = async () => ["127.0.0.9", "127.0.0.1"].map((address) => ({ address, family: 4 }));
    assert.deepEqual(await call({ resolve }, url), hello);
  });
});
