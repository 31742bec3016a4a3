import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import {
  createTestAuthority,
  rejectsWithCode,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { AddressRules } from "../../outbound/address-rules.ts";
import type { HttpsEndpoint } from "../../outbound/https-exchange.ts";
import { type IssuerAnswer, IssuerServer } from "../../outbound/proxy/issuer-server.fixture.ts";
import { discoveryUrl, fetchDiscoveredJwks } from "./discovery.ts";

const running = new AbortController().signal;
const wellKnown = "/.well-known/openid-configuration";
const loopback = [{ address: "127.0.0.1", prefix: 32 }];
/** Every name resolves to the metadata service of a cloud. */
const rebinding = new AddressRules(loopback, ((_: string, __: object, done: Resolved) =>
  done(null, [{ address: "169.254.169.254", family: 4 }])) as never);

type Resolved = (error: null, addresses: readonly object[]) => void;

describe("fetchDiscoveredJwks", () => {
  let directory: TemporaryDirectory;
  let server: IssuerServer;
  let other: IssuerServer;

  before(async () => {
    directory = await temporaryDirectory();
    const authority = await createTestAuthority();
    [server, other] = await Promise.all([IssuerServer.start(authority), IssuerServer.start(authority)]);
    await writeFile(directory.join("ca.pem"), authority.rootPem);
    await writeFile(directory.join("token"), "the-bearer-token");
  });

  beforeEach(() => {
    for (const { answers, calls } of [server, other]) {
      answers.clear();
      calls.length = 0;
      answers.set("/keys", "the-key-set");
    }
  });

  after(async () => {
    await Promise.all([server, other].map((each) => each[Symbol.asyncDispose]()));
    await directory.remove();
  });

  function publish(document: object | string, path = wellKnown): void {
    server.answers.set(path, typeof document === "string" ? document : JSON.stringify(document));
  }

  function discover(overrides: Partial<HttpsEndpoint> = {}, issuer = server.origin): Promise<string> {
    const endpoint = {
      url: discoveryUrl(issuer),
      caFile: directory.join("ca.pem"),
      tokenFile: directory.join("token"),
      addressRules: new AddressRules(loopback),
      timeoutMs: 20_000,
      ...overrides,
    };
    return fetchDiscoveredJwks({ issuer, endpoint }, running);
  }

  async function refused(expected: RegExp, overrides?: Partial<HttpsEndpoint>): Promise<void> {
    const error = await discover(overrides).then(
      () => assert.fail("accepted"),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof Error && "code" in error, String(error));
    assert.match(`${error.code}: ${error.message}`, expected);
    assert.deepEqual(
      [...server.calls, ...other.calls].filter(({ path }) => path === "/keys"),
      [],
    );
  }

  it("rejects a document about any other issuer, however similar", async () => {
    const { origin } = server;
    const similar = [
      `${origin}/`,
      `${origin}/path`,
      origin.toUpperCase(),
      `${origin} `,
      other.origin,
      "",
      [origin],
      null,
    ];
    for (const issuer of similar) {
      publish({ issuer, jwks_uri: `${origin}/keys` });
      await refused(/^JWKS_UNUSABLE: the issuer's configuration names another issuer$/);
    }
    publish({ jwks_uri: `${origin}/keys` });
    await refused(/names another issuer/);
  });

  it("rejects a document that repeats a member, and texts that are no JSON object", async () => {
    const { origin } = server;
    publish(`{"issuer":"${other.origin}","issuer":"${origin}","jwks_uri":"${origin}/keys"}`);
    await refused(/^JWKS_UNUSABLE: the issuer's configuration is malformed/);
    publish(`{"issuer":"${origin}","jwks_uri":"${other.origin}/keys","jwks_uri":"${origin}/keys"}`);
    await refused(/malformed/);
    for (const text of ["", "<html>", "[]", "null", '"x"', `{"issuer":"${origin}"`, "[".repeat(10_000)]) {
      publish(text);
      await refused(/malformed/);
    }
  });

  it("rejects a jwks_uri that is not https, contains credentials, or is no URL", async () => {
    const { origin } = server;
    const plain = origin.replace("https", "http");
    for (const location of [
      plain,
      "file:///etc/passwd",
      "/keys",
      "",
      null,
      1,
      origin.replace("//", "//u:p@"),
      undefined,
    ]) {
      publish({ issuer: origin, jwks_uri: location });
      await refused(/^JWKS_UNUSABLE: the jwks_uri of the issuer's configuration is not an https URL/);
    }
  });

  it("rejects a jwks_uri at an address that is not allowed", async () => {
    for (const host of [
      "127.0.0.2",
      "169.254.169.254",
      "[::1]",
      "[fd00:ec2::254]",
      "2852039166",
      "100.100.100.200",
    ]) {
      publish({ issuer: server.origin, jwks_uri: `https://${host}:${other.port}/keys` });
      await refused(/^HTTPS_FAILED: the address .* is loopback, link-local/);
    }
    publish({ issuer: server.origin, jwks_uri: `https://localhost:${other.port}/keys` });
    await refused(/^HTTPS_FAILED: the address 169\.254\.169\.254/, { addressRules: rebinding });
  });

  it("connects to no forbidden address for the document itself", async () => {
    await refused(/^HTTPS_FAILED: the address 127\.0\.0\.1/, { addressRules: new AddressRules([]) });
    assert.deepEqual(server.calls, []);
  });

  it("follows no redirect, neither of the document nor of the key set", async () => {
    const { origin } = server;
    const redirect =
      (location: string): IssuerAnswer =>
      (_, response) =>
        void response.writeHead(302, { location }).end();
    server.answers.set(wellKnown, redirect(`${origin}${wellKnown}`));
    await refused(/^JWKS_UNUSABLE: the issuer's configuration endpoint returned the status 302$/);
    assert.equal(server.calls.length, 1);
    publish({ issuer: origin, jwks_uri: `${origin}/moved` });
    server.answers.set("/moved", redirect(`${origin}/keys`));
    await refused(/^JWKS_UNUSABLE: the JWKS endpoint returned the status 302$/);
  });

  it("rejects a document larger than 64 KiB, and gives up on a server that sends none in time", async () => {
    publish(`{"issuer":"${server.origin}","x":"${"x".repeat(65_536)}"}`);
    await refused(/^HTTPS_FAILED: the response is larger than 64 KiB$/);
    server.answers.set(wellKnown, (_, response) => void response.write("{"));
    await refused(/^HTTPS_FAILED: the server did not answer in time$/, { timeoutMs: 200 });
  });

  it("sends the bearer token to the issuer's own origin alone", async () => {
    publish({ issuer: server.origin, jwks_uri: `${other.origin}/keys` });
    assert.equal(await discover(), "the-key-set");
    assert.deepEqual(other.calls, [{ path: "/keys", authorization: undefined }]);
    publish({ issuer: server.origin, jwks_uri: `${server.origin}/keys` });
    assert.equal(await discover(), "the-key-set");
    assert.deepEqual(
      server.calls.map(({ authorization }) => authorization),
      Array.from({ length: 3 }, () => "Bearer the-bearer-token"),
    );
  });

  it("finds the document below an issuer's path, with or without a slash at its end", async () => {
    for (const path of ["/", "/id/ABC", "/id/ABC/"]) {
      const issuer = server.origin + path;
      publish({ issuer, jwks_uri: `${server.origin}/keys` }, path.replace(/\/$/, "") + wellKnown);
      assert.equal(await discover({}, issuer), "the-key-set");
    }
  });

  it("reads the document again for each refresh, so that keys may move", async () => {
    publish({ issuer: server.origin, jwks_uri: `${server.origin}/keys` });
    await discover();
    server.answers.set("/keys-2", "moved");
    publish({ issuer: server.origin, jwks_uri: `${server.origin}/keys-2` });
    assert.equal(await discover(), "moved");
  });

  it("names a server whose certificate the roots do not sign", async () => {
    await assert.rejects(discover({ caFile: undefined }), { code: /CERT|SIGNATURE|ISSUER/ });
    await rejectsWithCode(discover(), "JWKS_UNUSABLE");
  });
});

describe("discoveryUrl", () => {
  it("accepts only canonical https URLs without query, fragment and credentials", () => {
    const odd = [
      "http://a.test",
      "a.test",
      "",
      "https://",
      "https://A.test",
      "https://a.test:443",
      "https://a.test/x/../y",
    ];
    const extra = [
      "https://a.test?x",
      "https://a.test/#x",
      "https://a.test?",
      "https://u@a.test",
      "https://:p@a.test",
      " https://a.test",
      "https://a.test\\b",
      "kubernetes/serviceaccount",
    ];
    for (const issuer of [...odd, ...extra])
      assert.throws(() => discoveryUrl(issuer), /is required, because/, issuer);
  });
});
