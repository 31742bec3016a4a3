import assert from "node:assert/strict";
import { lookup } from "node:dns";
import { readFile, writeFile } from "node:fs/promises";
import {
  type FakeKubernetesApi,
  freePort,
  rejectsWithCode,
  startFakeKubernetesApi,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { AddressRules } from "./address-rules.ts";
import { exchange, type HttpsEndpoint } from "./https-exchange.ts";

const loopback = new AddressRules([
  { address: "127.0.0.1", prefix: 32 },
  { address: "::1", prefix: 128 },
]);
const get = { method: "GET" } as const;

const brokenRoot = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

describe("HTTPS exchange", () => {
  let directory: TemporaryDirectory;
  let api: FakeKubernetesApi;

  before(async () => {
    directory = await temporaryDirectory();
    api = await startFakeKubernetesApi();
    await writeFile(directory.join("ca.pem"), api.rootPem);
    await writeFile(directory.join("token"), "\n  first-token \n");
  });

  beforeEach(() => {
    api.trouble = { status: 200, body: "{}" };
  });

  after(async () => {
    await api.close();
    await directory.remove();
  });

  const endpoint = (overrides: Partial<HttpsEndpoint> = {}): HttpsEndpoint => ({
    url: new URL("/keys?a=1", api.url),
    caFile: directory.join("ca.pem"),
    tokenFile: directory.join("token"),
    addressRules: loopback,
    timeoutMs: 20_000,
    ...overrides,
  });
  const byName = (name: string) => new URL(`https://${name}:${api.url.port}/`);

  async function reachesNobody(overrides: Partial<HttpsEndpoint>, expected: assert.AssertPredicate) {
    const before = api.calls.length;
    await assert.rejects(exchange(endpoint(overrides), get), expected);
    assert.equal(api.calls.length, before);
  }

  it("trusts the readable roots of a file in which a broken block comes first", async () => {
    const roots = await readFile(directory.join("ca.pem"), "utf8");
    await writeFile(directory.join("mixed.pem"), brokenRoot + roots.replaceAll("\n", " \r\n\n"));
    assert.equal((await exchange(endpoint({ caFile: directory.join("mixed.pem") }), get)).status, 200);
  });

  describe("refusals", () => {
    it("rejects a forbidden address, written directly or behind a name", async () => {
      const addressRules = new AddressRules([]);
      for (const host of ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "localhost"]) {
        await reachesNobody({ addressRules, url: byName(host) }, { code: "HTTPS_FAILED" });
      }
    });

    it("rejects a certificate that the roots do not sign or that names another host", async () => {
      await reachesNobody({ caFile: undefined }, { code: /CERT|SIGNATURE|ISSUER/ });
      const addressRules = new AddressRules([{ address: "127.0.0.0", prefix: 8 }]);
      const url = byName("127.0.0.2");
      await reachesNobody({ addressRules, url }, { code: /ERR_TLS_CERT_ALTNAME_INVALID|ECONNREFUSED/ });
    });

    it("trusts nothing if the file of roots contains no readable root", async () => {
      await writeFile(directory.join("broken.pem"), brokenRoot);
      await reachesNobody({ caFile: directory.join("broken.pem") }, { code: /CERT|SIGNATURE|ISSUER/ });
    });

    it("fails if a configured file is missing instead of sending no token", async () => {
      await reachesNobody({ tokenFile: directory.join("missing") }, { code: "ENOENT" });
      await reachesNobody({ caFile: directory.join("missing") }, { code: "ENOENT" });
    });

    it("rejects a token that is not a valid header value, without quoting the token", async () => {
      await writeFile(directory.join("torn"), "secret-one\nsecret-two");
      await reachesNobody({ tokenFile: directory.join("torn") }, (error: Error) => {
        assert.doesNotMatch(error.message, /secret/);
        return true;
      });
    });

    it("rejects plain HTTP", async () => {
      const url = new URL(`http://127.0.0.1:${await freePort()}/`);
      await reachesNobody({ url }, { code: "ERR_INVALID_PROTOCOL" });
    });
  });

  describe("a name whose address changes", () => {
    let asked: number;

    /** Rules that allow loopback, with a name server that returns these answers in order. */
    function rulesWith(...answers: string[]): AddressRules {
      asked = 0;
      const answer = (...given: unknown[]) => {
        const callback = given.at(-1);
        assert.ok(typeof callback === "function");
        callback(null, [{ address: answers[asked++] ?? answers.at(-1), family: 4 }]);
      };
      const resolve = Object.assign(answer, { __promisify__: lookup.__promisify__ });
      return new AddressRules([{ address: "127.0.0.1", prefix: 32 }], resolve);
    }

    it("connects to the address that was checked, after one lookup", async () => {
      const addressRules = rulesWith("127.0.0.1", "169.254.169.254");
      assert.equal((await exchange(endpoint({ addressRules, url: byName("localhost") }), get)).status, 200);
      assert.equal(asked, 1);
    });

    it("rejects the name once it resolves to a refused address", async () => {
      const there = { addressRules: rulesWith("127.0.0.1", "169.254.169.254"), url: byName("localhost") };
      await exchange(endpoint(there), get);
      await reachesNobody(there, /the address 169\.254\.169\.254 /);
      assert.equal(asked, 2);
    });
  });

  it("follows no redirect, so that the token reaches no other host", async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      api.trouble = { status, headers: { location: new URL("/elsewhere", api.url).href } };
      const before = api.calls.length;
      assert.equal((await exchange(endpoint(), get)).status, status);
      assert.equal(api.calls.length, before + 1);
    }
  });

  it("ends when the server is silent or the caller aborts, and reports which", async () => {
    api.trouble = "silent";
    const silent = exchange(endpoint({ timeoutMs: 100 }), get);
    const { message } = await rejectsWithCode(silent, "HTTPS_FAILED");
    assert.match(message, /did not answer in time/);
    const stopping = new AbortController();
    const stopped = exchange(endpoint(), get, stopping.signal);
    setTimeout(() => stopping.abort(), 50);
    await assert.rejects(stopped, { name: "AbortError" });
  });

  it("fails if the connection closes before or during the response", async () => {
    for (const trouble of ["cut before the answer", "cut within the answer"] as const) {
      api.trouble = trouble;
      await assert.rejects(exchange(endpoint(), get), { code: "ECONNRESET" });
    }
  });

  it("fails for a response above 1 MiB or the given limit, and quotes none of it", async () => {
    api.trouble = "huge";
    for (const limit of [{}, { maxBytes: 1024 }]) {
      const { message } = await rejectsWithCode(exchange(endpoint(limit), get), "HTTPS_FAILED");
      assert.match(message, /^the response is larger than \d+ KiB$/);
    }
    api.trouble = { status: 200, body: "x".repeat(1024) };
    assert.equal((await exchange(endpoint({ maxBytes: 1024 }), get)).body.length, 1024);
    await rejectsWithCode(exchange(endpoint({ maxBytes: 1023 }), get), "HTTPS_FAILED");
  });

  it("fails for endless headers", async () => {
    api.trouble = { status: 200, headers: { "x-padding": "x".repeat(100_000) } };
    await assert.rejects(exchange(endpoint(), get), { code: "HPE_HEADER_OVERFLOW" });
  });

  it("sends the token file's current content, and no token without a file", async () => {
    await exchange(endpoint(), get);
    await writeFile(directory.join("token"), "second-token");
    await exchange(endpoint(), get);
    await exchange(endpoint({ tokenFile: undefined }), get);
    const sent = api.calls.slice(-3).map(({ authorization }) => authorization);
    assert.deepEqual(sent, ["Bearer first-token", "Bearer second-token", undefined]);
    assert.equal(api.calls.at(-1)?.path, "/keys?a=1");
  });

  it("returns the status, the text and the time to wait", async () => {
    api.trouble = { status: 429, headers: { "retry-after": "30" }, body: "fünf" };
    assert.deepEqual(await exchange(endpoint(), get), { status: 429, body: "fünf", retryAfterMs: 30_000 });
  });
});
