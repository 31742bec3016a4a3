import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import {
  type FakeKubernetesApi,
  rejectsWithCode,
  startFakeKubernetesApi,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { AddressRules } from "../../outbound/address-rules.ts";
import type { HttpsEndpoint } from "../../outbound/https-exchange.ts";
import { fetchJwks } from "./https-source.ts";

const running = new AbortController().signal;

describe("fetchJwks", () => {
  let directory: TemporaryDirectory;
  let server: FakeKubernetesApi;

  before(async () => {
    directory = await temporaryDirectory();
    server = await startFakeKubernetesApi();
    await writeFile(directory.join("ca.pem"), server.rootPem);
    await writeFile(directory.join("token"), "caller-token\n");
  });

  beforeEach(() => {
    server.trouble = { status: 200, body: '{"keys":[]}' };
  });

  after(async () => {
    await server.close();
    await directory.remove();
  });

  const endpoint = (overrides: Partial<HttpsEndpoint> = {}): HttpsEndpoint => ({
    url: new URL("/openid/v1/jwks", server.url),
    caFile: directory.join("ca.pem"),
    tokenFile: undefined,
    addressRules: new AddressRules([{ address: "127.0.0.1", prefix: 32 }]),
    timeoutMs: 20_000,
    ...overrides,
  });

  it("rejects a server whose certificate does not chain to the configured roots", async () => {
    const before = server.calls.length;
    const fetched = fetchJwks(endpoint({ caFile: undefined }), running);
    await assert.rejects(fetched, { code: /CERT|SIGNATURE|ISSUER/ });
    assert.equal(server.calls.length, before);
  });

  it("never connects to loopback or link-local addresses unless they are allowed", async () => {
    const before = server.calls.length;
    const fetched = fetchJwks(endpoint({ addressRules: new AddressRules([]) }), running);
    await rejectsWithCode(fetched, "HTTPS_FAILED");
    assert.equal(server.calls.length, before);
  });

  it("does not follow redirects, so that the CA's token reaches no other server", async () => {
    const before = server.calls.length;
    server.trouble = { status: 302, headers: { location: server.url.href } };
    const fetched = fetchJwks(endpoint({ tokenFile: directory.join("token") }), running);
    assert.match((await rejectsWithCode(fetched, "JWKS_UNUSABLE")).message, /returned the status 302/);
    assert.equal(server.calls.length, before + 1);
  });

  it("rejects every status except 200, and quotes nothing of the body", async () => {
    for (const status of [201, 206, 304, 401, 403, 404, 429, 500]) {
      const body = status === 304 ? "" : "internal secret";
      server.trouble = { status, body };
      const { message } = await rejectsWithCode(fetchJwks(endpoint(), running), "JWKS_UNUSABLE");
      assert.match(message, new RegExp(`returned the status ${status}$`));
    }
  });

  it("rejects a key set larger than 1 MiB", async () => {
    server.trouble = "huge";
    await rejectsWithCode(fetchJwks(endpoint(), running), "HTTPS_FAILED");
  });

  it("stops waiting when the server stalls or the CA stops", async () => {
    server.trouble = "silent";
    await rejectsWithCode(fetchJwks(endpoint({ timeoutMs: 100 }), running), "HTTPS_FAILED");
    await assert.rejects(fetchJwks(endpoint(), AbortSignal.abort()), { name: "AbortError" });
  });

  it("sends the current content of the token file with each request", async () => {
    const tokenFile = directory.join("token");
    assert.equal(await fetchJwks(endpoint({ tokenFile }), running), '{"keys":[]}');
    await writeFile(tokenFile, "second-token");
    await fetchJwks(endpoint({ tokenFile }), running);
    const [first, second] = server.calls.slice(-2);
    assert.equal(first?.authorization, "Bearer caller-token");
    assert.equal(second?.authorization, "Bearer second-token");
    assert.equal(second?.path, "/openid/v1/jwks");
  });
});
