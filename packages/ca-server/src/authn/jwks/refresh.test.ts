import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { parseTrustDomain } from "@kasbah/pki";
import { assertCode, FakeClock, recordingLogger, rejectsWithCode } from "@kasbah/testkit";
import { SignJWT } from "jose";
import { readBearerToken } from "../bearer-token.ts";
import { JwksSource } from "./source.ts";
import { JwksTokenAuthenticator } from "./token.ts";

const issuer = "https://issuer.test";

function newKey(kid: string) {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { kid, privateKey, jwk: { ...publicKey.export({ format: "jwk" }), kid } };
}

describe("JwksTokenAuthenticator, for an unknown key", () => {
  const [first, second] = [newKey("first"), newKey("second")];
  let clock: FakeClock;
  let reads: number;
  let read: () => Promise<string>;
  let source: JwksSource;
  let authenticator: JwksTokenAuthenticator;

  beforeEach(async () => {
    clock = new FakeClock("2030-01-01T00:00:00Z");
    reads = 0;
    serve(first);
    const deps = { location: "test", refreshIntervalMs: 300_000, clock, logger: recordingLogger() };
    source = new JwksSource({
      ...deps,
      read: () => {
        reads += 1;
        return read();
      },
    });
    await source.start();
    const issuers = [{ issuer, keys: source, audiences: ["istio-ca"], algorithms: ["ES256"] }];
    authenticator = new JwksTokenAuthenticator({
      issuers,
      trustDomain: parseTrustDomain("cluster.local"),
      clock,
    });
  });

  afterEach(() => source.stop());

  function serve(...keys: { readonly jwk: object }[]): void {
    const text = JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
    read = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return text;
    };
  }

  function cutOff(): void {
    read = () => Promise.reject(new Error("ECONNREFUSED"));
  }

  async function present(key: { readonly kid: string; readonly privateKey: KeyObject }) {
    const exp = clock.now().getTime() / 1000 + 60;
    const text = await new SignJWT({ iss: issuer, aud: "istio-ca", sub: "system:serviceaccount:a:b", exp })
      .setProtectedHeader({ alg: "ES256", kid: key.kid })
      .sign(key.privateKey);
    const token = readBearerToken({ authorization: [`Bearer ${text}`], peerCertificates: [] });
    return authenticator.authenticate(token ?? assert.fail("no token"));
  }

  const madeUp = () => ({ ...first, kid: randomUUID() });

  it("reads the source once in 30 s even if a thousand tokens name a thousand invented keys", async () => {
    const burst = await Promise.allSettled(Array.from({ length: 1000 }, () => present(madeUp())));
    for (const each of burst) {
      assert.ok(each.status === "rejected");
      assertCode(each.reason, "TOKEN_REJECTED");
    }
    assert.equal(reads, 2, "one read at the start and one for all tokens");
    await clock.advance(29_999);
    await rejectsWithCode(present(madeUp()), "TOKEN_REJECTED");
    assert.equal(reads, 2);
    await clock.advance(1);
    await rejectsWithCode(present(madeUp()), "TOKEN_REJECTED");
    assert.equal(reads, 3);
  });

  it("accepts a new key of the issuer immediately, for all concurrent callers", async () => {
    serve(first, second);
    const callers = await Promise.all(Array.from({ length: 20 }, () => present(second)));
    assert.equal(callers.length, 20);
    assert.equal(reads, 2);
  });

  it("delays no token whose key is known", async () => {
    await Promise.all([present(first), present(madeUp()).catch(() => undefined), present(first)]);
    assert.equal(reads, 2);
  });

  it("reports that the authenticator is unavailable while the source is, because the key may be a new one", async () => {
    cutOff();
    await rejectsWithCode(present(second), "AUTHENTICATOR_UNAVAILABLE");
    await rejectsWithCode(present(second), "AUTHENTICATOR_UNAVAILABLE");
    assert.ok(await present(first));
    serve(first, second);
    await clock.advance(30_000);
    assert.ok(await present(second));
  });

  it("accepts a new key and rejects a withdrawn one as soon as the source reads again on request", async () => {
    serve(second);
    source.reread();
    await clock.runFor(0);
    assert.equal(reads, 2);
    await rejectsWithCode(present(first), "TOKEN_REJECTED");
    assert.ok(await present(second));
  });

  it("rejects a token under a key that the issuer has withdrawn", async () => {
    serve(second);
    await clock.advance(300_000);
    await rejectsWithCode(present(first), "TOKEN_REJECTED");
    assert.ok(await present(second));
  });

  it("uses the last good set for 24 h without a source, and then reports that the authenticator is unavailable", async () => {
    cutOff();
    await clock.advance(24 * 3_600_000);
    assert.ok(await present(first));
    await clock.advance(1);
    await rejectsWithCode(present(first), "AUTHENTICATOR_UNAVAILABLE");
    serve(first);
    await clock.advance(30_000);
    assert.ok(await present(first));
  });

  it("uses the last good set if the source returns an invalid one", async () => {
    for (const text of ["", "<html>", '{"keys":[]}', '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}']) {
      read = async () => text;
      await clock.advance(300_000);
      assert.ok(await present(first));
    }
  });
});
