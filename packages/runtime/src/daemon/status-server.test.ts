import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { recordingLogger, rejectsWithCode } from "@kasbah/testkit";
import { createRegistry } from "../metrics/create-registry.ts";
import { createStatusServer, jsonReply, type Readiness } from "./status-server.ts";

describe("createStatusServer", () => {
  let state: Readiness;
  let asked: number;
  let server: ReturnType<typeof createStatusServer>;
  const get = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${server.address.port}${path}`, { ...init, redirect: "manual" });

  const rawGet = async (path: string, host: string) => {
    const socket = connect(server.address.port, "127.0.0.1");
    socket.end(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    return (await socket.toArray()).join("");
  };

  beforeEach(async () => {
    state = { ready: true, reasons: [] };
    asked = 0;
    server = createStatusServer({
      address: { host: "127.0.0.1", port: 0 },
      flag: "--status-address",
      registry: createRegistry({ name: "test", version: "1" }),
      readiness: () => {
        asked += 1;
        return state;
      },
      pages: {
        "/debug/thing": () => jsonReply({ thing: 1 }),
        "/debug/broken": () => Promise.reject(new Error("secret")),
      },
      logger: recordingLogger(),
    });
    await server.start();
  });
  afterEach(() => server.stop());

  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]) {
    it(`answers ${method} with 405 and evaluates nothing`, async () => {
      const response = await get("/healthz/ready", { method });
      assert.equal(response.status, 405);
      assert.equal(response.headers.get("allow"), "GET");
      assert.equal(asked, 0);
    });
  }

  for (const path of [
    "/",
    "/healthz",
    "/healthz/live/",
    "//healthz/live",
    "/debug",
    "/%6detrics",
    "/METRICS",
  ]) {
    it(`answers ${path} with 404`, async () => {
      assert.equal((await get(path)).status, 404);
    });
  }

  for (const raw of [
    "GET nonsense\r\n\r\n",
    "\x16\x03\x01\x02\x00",
    `GET / HTTP/1.1\r\nx: ${"y".repeat(9000)}\r\n\r\n`,
  ]) {
    it(`survives ${JSON.stringify(raw.slice(0, 20))}`, async () => {
      const socket = connect(server.address.port, "127.0.0.1").on("error", () => {});
      socket.resume().end(raw);
      await once(socket, "close");
      assert.equal((await get("/healthz/live")).status, 200);
    });
  }

  it("answers 500 without details if the readiness check throws", async () => {
    Object.defineProperty(state, "ready", {
      get: () => {
        throw new Error("secret");
      },
    });
    const response = await get("/healthz/ready");
    assert.equal(response.status, 500);
    assert.doesNotMatch(await response.text(), /secret/);
  });

  for (const host of [
    "evil.test",
    "evil.test:15020",
    "127.0.0.1.evil.test",
    "localhost.evil.test",
    "a@localhost",
  ]) {
    it(`rejects a request from a web page whose name ${host} resolves to this server`, async () => {
      assert.match(await rawGet("/healthz/ready", host), /^HTTP\/1\.1 421 /);
      assert.equal(asked, 0);
    });
  }

  for (const host of ["localhost", "localhost:15020", "127.0.0.1:15020", "10.1.2.3", "[::1]:15020", ""]) {
    it(`accepts the host name ${JSON.stringify(host)}`, async () => {
      assert.match(await rawGet("/healthz/ready", host), /^HTTP\/1\.1 200 /);
    });
  }

  it("accepts any host name when it listens beyond loopback, because probes and scrapers use their own", async () => {
    await server.stop();
    const options = { registry: createRegistry({ name: "x", version: "1" }), readiness: () => state };
    server = createStatusServer({
      ...options,
      address: { host: "0.0.0.0", port: 0 },
      flag: "--status-address",
      logger: recordingLogger(),
    });
    await server.start();
    assert.match(await rawGet("/healthz/ready", "ca.kasbah-system.svc"), /^HTTP\/1\.1 200 /);
  });

  it("names the address, the reason, the flag and the fix if it cannot listen", async () => {
    const { port } = server.address;
    const refused: readonly (readonly [string, number, string, RegExp])[] = [
      [
        "127.0.0.1",
        port,
        "EADDRINUSE",
        /another process listens there: stop it, or choose another port with --x/,
      ],
      ["192.0.2.1", 0, "EADDRNOTAVAIL", /no network interface has this address: correct --x/],
      ["name.invalid", 0, "(ENOTFOUND|EAI_AGAIN)", /cannot be resolved.*--x/],
    ];
    for (const [host, wanted, errno, rule] of refused) {
      const registry = createRegistry({ name: "x", version: "1" });
      const address = { host, port: wanted };
      const readiness = () => state;
      const second = createStatusServer({
        address,
        flag: "--x",
        registry,
        readiness,
        logger: recordingLogger(),
      });
      const { message } = await rejectsWithCode(second.start(), "ADDRESS_UNUSABLE");
      assert.match(message, new RegExp(`^cannot listen on ${host}:${wanted} \\(${errno}\\): `));
      assert.match(message, rule);
      await second.stop();
    }
  });

  it("answers 503 with the reasons while it is not ready, and 200 when it is", async () => {
    state = { ready: false, reasons: ["no secret yet"] };
    const refused = await get("/healthz/ready");
    assert.equal(refused.status, 503);
    assert.deepEqual(await refused.json(), { ready: false, reasons: ["no secret yet"] });
    state = { ready: true, reasons: [] };
    const accepted = await get("/healthz/ready?verbose");
    assert.equal(accepted.status, 200);
    assert.deepEqual(await accepted.json(), { ready: true, reasons: [] });
  });

  it("serves the given pages, and hides why one failed", async () => {
    assert.deepEqual(await (await get("/debug/thing")).json(), { thing: 1 });
    const broken = await get("/debug/broken");
    assert.equal(broken.status, 500);
    assert.doesNotMatch(await broken.text(), /secret/);
    assert.equal((await get("/debug/thing", { method: "POST" })).status, 405);
  });

  it("also serves the metrics at the path in Istio's scrape annotations", async () => {
    assert.match(await (await get("/stats/prometheus")).text(), /kasbah_build_info/);
  });

  it("is alive while it is not ready", async () => {
    state = { ready: false, reasons: ["starting"] };
    assert.equal((await get("/healthz/live")).status, 200);
  });

  it("serves metrics in Prometheus's text format, uncached", async () => {
    const response = await get("/metrics");
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    assert.equal(response.headers.get("cache-control"), "no-store");
    const text = await response.text();
    assert.match(text, /^kasbah_build_info\{name="test",version="1"\} 1$/m);
    assert.match(text, /^process_resident_memory_bytes \d+$/m);
  });

  it("stops quickly even if a client keeps its connection open", async () => {
    await (await get("/healthz/live")).text();
    await server.stop();
    await assert.rejects(get("/healthz/live"));
  });
});
