import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { EnvoyAdmin } from "./admin.ts";

describe("EnvoyAdmin", () => {
  let server: Server;
  let asked: string[];
  let answer: { status: number; body: string };
  let admin: EnvoyAdmin;

  beforeEach(async () => {
    asked = [];
    answer = { status: 200, body: "{}" };
    server = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(answer.status).end(answer.body);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    admin = new EnvoyAdmin({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
  });
  afterEach(async () => {
    server.closeAllConnections();
    if (server.listening) await once(server.close(), "close");
  });

  it("fails with a code if Envoy refuses, returns garbage or is gone, and is then not ready", async () => {
    answer = { status: 503, body: "" };
    await assert.rejects(admin.certificates(), { code: "ENVOY_ADMIN_FAILED" });
    assert.equal(await admin.isReady(), false);
    answer = { status: 200, body: "not JSON" };
    await assert.rejects(admin.stat("x"), { code: "ENVOY_ADMIN_FAILED" });
    server.closeAllConnections();
    await once(server.close(), "close");
    await assert.rejects(admin.stat("x"), { code: "ENVOY_ADMIN_FAILED" });
    assert.equal(await admin.isReady(), false);
  });

  it("reads one statistic by its exact name, and 0 before it exists", async () => {
    answer.body = JSON.stringify({ stats: [{ name: "a.b.c", value: 7 }, { histograms: {} }] });
    assert.equal(await admin.stat("a.b.c"), 7);
    assert.equal(await admin.stat("a.b"), 0);
    assert.equal(asked[0], `/stats?format=json&filter=${encodeURIComponent("^a\\.b\\.c$")}`);
  });

  it("reads the leaf of each certificate in use", async () => {
    const leaf = {
      serial_number: "0A1F",
      subject_alt_names: [{ uri: "spiffe://td/ns/a/sa/b" }, { dns: "x" }],
    };
    answer.body = JSON.stringify({ certificates: [{ cert_chain: [leaf, { serial_number: "ff" }] }, {}] });
    assert.deepEqual(await admin.certificates(), [{ serial: "0a1f", uris: ["spiffe://td/ns/a/sa/b"] }]);
  });
});
