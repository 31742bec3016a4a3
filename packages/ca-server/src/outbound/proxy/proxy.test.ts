import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import {
  eventually,
  freePort,
  ProxyServer,
  rejectsWithCode,
  type TemporaryDirectory,
  temporaryDirectory,
  throwsWithCode,
} from "@kasbah/testkit";
import { AddressRules } from "../address-rules.ts";
import { exchange, type HttpsEndpoint } from "../https-exchange.ts";
import { IssuerServer } from "./issuer-server.fixture.ts";
import { findProxy, type HttpsProxy, proxyName } from "./proxy.ts";
import { parseProxySetting } from "./proxy-setting.ts";

const get = { method: "GET" } as const;
const environment = { kind: "environment" } as const;

describe("HTTPS exchange through a proxy", () => {
  let directory: TemporaryDirectory;
  let server: IssuerServer;
  let proxy: ProxyServer;

  before(async () => {
    directory = await temporaryDirectory();
    server = await IssuerServer.start();
    server.answers.set("/keys", "the-key-set");
    await writeFile(directory.join("ca.pem"), server.rootPem);
    await writeFile(directory.join("token"), "the-bearer-token");
  });

  beforeEach(async () => {
    proxy = await ProxyServer.start();
    server.calls.length = 0;
  });

  afterEach(() => proxy[Symbol.asyncDispose]());

  after(async () => {
    await server[Symbol.asyncDispose]();
    await directory.remove();
  });

  const through = (url = proxy.url, except = ""): HttpsProxy => ({ url, except });
  const endpoint = (overrides: Partial<HttpsEndpoint> = {}): HttpsEndpoint => ({
    url: new URL(`https://issuer.test:${server.port}/keys`),
    caFile: directory.join("ca.pem"),
    tokenFile: directory.join("token"),
    addressRules: new AddressRules([]),
    timeoutMs: 20_000,
    proxy: through(),
    ...overrides,
  });

  it("refuses an address in the URL as without a proxy, and names of the proxy's own host", async () => {
    const literals = ["127.0.0.1", "169.254.169.254", "2130706433", "[::1]", "[::ffff:a9fe:a9fe]"];
    for (const host of [...literals, "localhost", "LOCALHOST.", "metadata.localhost"]) {
      const url = new URL(`https://${host}:${server.port}/keys`);
      await rejectsWithCode(exchange(endpoint({ url }), get), "HTTPS_FAILED");
    }
    assert.deepEqual(proxy.heads, []);
  });

  it("shows the proxy neither the token nor the key set", async () => {
    assert.equal((await exchange(endpoint(), get)).body, "the-key-set");
    assert.deepEqual(server.calls, [{ path: "/keys", authorization: "Bearer the-bearer-token" }]);
    assert.match(proxy.heads.join(), new RegExp(`^CONNECT issuer\\.test:${server.port} HTTP/1\\.1\r\n`));
    for (const secret of ["the-bearer-token", "the-key-set", "authorization"]) {
      assert.equal(proxy.saw(secret) || proxy.heads.join().includes(secret), false, secret);
    }
    await eventually(() => proxy.open === 0);
  });

  it("verifies the server at the end of the tunnel, by the roots and by the name in the URL", async () => {
    await assert.rejects(exchange(endpoint({ caFile: undefined }), get), { code: /CERT|SIGNATURE|ISSUER/ });
    const url = new URL(`https://other.test:${server.port}/keys`);
    await assert.rejects(exchange(endpoint({ url }), get), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    assert.deepEqual(server.calls, []);
    await eventually(() => proxy.open === 0);
  });

  it("names the proxy and the status of a refusal, and quotes no word of the proxy", async () => {
    for (const [status, expected] of [
      [407, /it answered 407; set credentials in HTTPS_PROXY$/],
      [403, /it answered 403$/],
      [302, /it answered 302$/],
      [503, /it answered 503$/],
    ] as const) {
      proxy.behavior = { answer: `HTTP/1.1 ${status} injected\r\nx: y\r\n\r\n` };
      const { message } = await rejectsWithCode(exchange(endpoint(), get), "HTTPS_FAILED");
      assert.match(message, expected);
      assert.ok(message.includes(proxyName(through())));
      assert.doesNotMatch(message, /injected/);
    }
    await eventually(() => proxy.open === 0);
  });

  it("fails on garbage, an endless head, a lost connection, or octets after the head", async () => {
    const head = "HTTP/1.1 200 OK\r\n";
    for (const answer of ["\0\xff\r\n\r\n", "\r\n\r\n", head + "a: b\r\n".repeat(5_000)]) {
      proxy.behavior = { answer };
      await rejectsWithCode(exchange(endpoint(), get), "HTTPS_FAILED");
    }
    proxy.behavior = { answer: `${head}\r\nHTTP/1.1 200 OK\r\n\r\n{"keys":[]}` };
    await rejectsWithCode(exchange(endpoint({ timeoutMs: 300 }), get), "HTTPS_FAILED");
    const gone = through(new URL(`http://127.0.0.1:${await freePort()}`));
    await assert.rejects(exchange(endpoint({ proxy: gone }), get), { code: "ECONNREFUSED" });
    await eventually(() => proxy.open === 0);
  });

  it("closes its connection to a proxy that never answers, or never completes its answer", async () => {
    for (const behavior of [
      "hang",
      { answer: "HTTP/1.1 200 OK\r\n" },
      { answer: "HTTP/1.1 200 OK\r\n\r\n" },
    ] as const) {
      proxy.behavior = behavior;
      const { message } = await rejectsWithCode(exchange(endpoint({ timeoutMs: 300 }), get), "HTTPS_FAILED");
      assert.match(message, /did not answer in time \(proxy http:\/\/127\.0\.0\.1:\d+\)$/);
      await eventually(() => proxy.open === 0);
    }
    proxy.behavior = "hang";
    const stopping = new AbortController();
    const pending = exchange(endpoint(), get, stopping.signal);
    await eventually(() => proxy.heads.length > 3);
    stopping.abort();
    await assert.rejects(pending, { name: "AbortError" });
    await eventually(() => proxy.open === 0);
  });

  it("sends the proxy's credentials to the proxy alone, and never shows them", async () => {
    const url = new URL(proxy.url);
    [url.username, url.password] = ["user", "p%40ss"];
    await exchange(endpoint({ proxy: through(url) }), get);
    const sent = Buffer.from("user:p@ss").toString("base64");
    assert.match(proxy.heads[0] ?? "", new RegExp(`^proxy-authorization: Basic ${sent}\r\n`, "im"));
    assert.equal(proxy.saw(sent), false);
    proxy.behavior = { answer: "HTTP/1.1 407 no\r\n\r\n" };
    const error = await rejectsWithCode(exchange(endpoint({ proxy: through(url) }), get), "HTTPS_FAILED");
    assert.doesNotMatch(`${error.stack} ${String(error.cause)}`, /user|p%40ss|p@ss/);
  });

  it("connects directly to the hosts of NO_PROXY, under the rules for addresses", async () => {
    const url = new URL("/keys", server.origin);
    const own = through(proxy.url, "127.0.0.0-127.255.255.255");
    const allowed = new AddressRules([{ address: "127.0.0.1", prefix: 32 }]);
    assert.equal((await exchange(endpoint({ url, proxy: own, addressRules: allowed }), get)).status, 200);
    const named = {
      url: new URL(`https://localtest.me:${server.port}/keys`),
      proxy: through(proxy.url, "localtest.me"),
    };
    const rules = new AddressRules([], ((_: string, __: object, done: (e: null, a: object[]) => void) =>
      done(null, [{ address: "127.0.0.1", family: 4 }])) as never);
    await rejectsWithCode(exchange(endpoint({ ...named, addressRules: rules }), get), "HTTPS_FAILED");
    assert.deepEqual(proxy.heads, []);
  });
});

describe("findProxy", () => {
  it("ignores the environment unless the setting says env", () => {
    const env = { HTTPS_PROXY: "http://env.test:3128" };
    assert.equal(findProxy({ kind: "none" }, env), undefined);
    assert.equal(findProxy(parseProxySetting("http://own.test"), env)?.url.href, "http://own.test/");
    assert.equal(findProxy(environment, env)?.url.href, "http://env.test:3128/");
    assert.equal(findProxy(environment, {}), undefined);
    assert.equal(findProxy(environment, { HTTP_PROXY: "http://plain.test" }), undefined);
  });

  it("prefers the lower-case variables, and an empty one counts as unset", () => {
    const env = {
      https_proxy: "http://a.test",
      HTTPS_PROXY: "http://b.test",
      no_proxy: "",
      NO_PROXY: "c.test",
    };
    assert.deepEqual(findProxy(environment, env), {
      url: new URL("http://a.test"),
      except: "c.test,.c.test",
    });
    assert.equal(findProxy(environment, { ...env, https_proxy: "" })?.url.host, "b.test");
  });

  it("rejects a variable that names no HTTP proxy, and quotes nothing of it", () => {
    for (const text of [
      "socks5://u:secret@a.test",
      "secret",
      "http://",
      "http://a.test/secret",
      "http://u:%@secret.test",
    ]) {
      const { message } = throwsWithCode(() => findProxy(environment, { HTTPS_PROXY: text }), "HTTPS_FAILED");
      assert.doesNotMatch(message, /secret|a\.test/);
    }
  });

  it("reads NO_PROXY with networks and domains, as Kubernetes writes it", () => {
    const cases = [
      ["10.0.0.0/8, .svc,cluster.local", "10.0.0.0-10.255.255.255,.svc,cluster.local,.cluster.local"],
      ["192.168.7.9/30", "192.168.7.8-192.168.7.11"],
      ["1.2.3.4,1.2.3.4/32,0.0.0.0/0", "1.2.3.4,1.2.3.4-1.2.3.4,0.0.0.0-255.255.255.255"],
      ["*,*.a.test,a.test:8443,::1,10.0.0.0/33,,", "*,*.a.test,a.test:8443,::1,10.0.0.0/33,.10.0.0.0/33"],
    ] as const;
    for (const [text, expected] of cases) {
      assert.equal(
        findProxy(environment, { HTTPS_PROXY: "http://a.test", NO_PROXY: text })?.except,
        expected,
      );
    }
  });
});

describe("parseProxySetting", () => {
  it("rejects credentials without quoting them, and everything that is no HTTP proxy", () => {
    assert.throws(
      () => parseProxySetting("http://user:secret@a.test"),
      (error: Error) => {
        return /use env$/.test(error.message) && !error.message.includes("secret");
      },
    );
    for (const text of [
      "",
      "ENV",
      "a.test:3128",
      "ftp://a.test",
      "http://",
      "http://a.test/path",
      "http://a.test?q",
    ]) {
      assert.throws(() => parseProxySetting(text), /expected none, env, or a URL/);
    }
  });
});
