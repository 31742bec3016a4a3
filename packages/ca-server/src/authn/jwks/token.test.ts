import assert from "node:assert/strict";
import { createHmac, createPublicKey } from "node:crypto";
import { createTokenIssuer, type DevTokenIssuer as TokenMint } from "@kasbah/certs-dev";
import { parseTrustDomain } from "@kasbah/pki";
import { FakeClock, rejectsWithCode } from "@kasbah/testkit";
import { exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { CaError } from "../../errors.ts";
import { readBearerToken } from "../bearer-token.ts";
import { tokenAlgorithms } from "./key-set.ts";
import { memoryKeys } from "./memory-keys.fixture.ts";
import { JwksTokenAuthenticator } from "./token.ts";
import type { TokenKeys } from "./verification-keys.ts";

const issuer = "https://issuer.test";
const clock = new FakeClock("2030-01-01T00:00:00Z");
const nowSeconds = clock.now().getTime() / 1000;

const base64url = (text: string) => Buffer.from(text).toString("base64url");
const encode = (value: unknown) => base64url(JSON.stringify(value));

/** The outcome for a token under these keys. */
async function present(text: string, keys: TokenKeys) {
  const token = readBearerToken({ authorization: [`Bearer ${text}`], peerCertificates: [] });
  assert.ok(token !== undefined);
  const authenticator = new JwksTokenAuthenticator({
    issuers: [{ issuer, keys, audiences: ["istio-ca", "kasbah"], algorithms: tokenAlgorithms }],
    trustDomain: parseTrustDomain("cluster.local"),
    clock,
  });
  return await authenticator.authenticate(token);
}

/** Signs claims exactly as given, which no JSON encoder would write, with a separate key. */
async function presentRaw(payload: string) {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = createPublicKey(await exportSPKI(publicKey)).export({ format: "jwk" });
  const signed = `${encode({ alg: "ES256", kid: "raw" })}.${base64url(payload)}`;
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const signature = Buffer.from(await crypto.subtle.sign(algorithm, privateKey, Buffer.from(signed)));
  const keys = memoryKeys({ keys: [{ ...jwk, kty: "EC", kid: "raw" }] });
  return present(`${signed}.${signature.toString("base64url")}`, keys);
}

describe("JwksTokenAuthenticator", () => {
  let tokens: TokenMint;
  let keys: TokenKeys;

  before(async () => {
    tokens = await createTokenIssuer({ issuer });
    keys = memoryKeys(tokens.jwks());
  });

  const mint = (claims: Record<string, unknown> = {}) =>
    tokens.mint({ namespace: "demo", serviceAccount: "frontend", now: clock.now(), claims });
  const refuse = (token: string, code = "TOKEN_REJECTED") => rejectsWithCode(present(token, keys), code);
  const unsignedClaims = { iss: issuer, aud: "istio-ca", exp: nowSeconds + 60 };
  const sub = "system:serviceaccount:demo:frontend";

  describe("JwksTokenAuthenticator, for a forged token", () => {
    it("rejects a token with alg none, in every spelling", async () => {
      const [, payload = ""] = (await mint()).split(".");
      for (const alg of ["none", "None", "NONE", ""]) await refuse(`${encode({ alg })}.${payload}.AA`);
    });

    it("rejects a token with HS256 and the public key as the secret", async () => {
      const [jwk] = tokens.jwks().keys;
      assert.ok(jwk);
      const pem = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" });
      const [, payload] = (await mint()).split(".");
      for (const secret of [pem, JSON.stringify(jwk)]) {
        const signed = `${encode({ alg: "HS256", kid: jwk.kid })}.${payload}`;
        const mac = createHmac("sha256", secret).update(signed).digest("base64url");
        await refuse(`${signed}.${mac}`);
      }
    });

    it("rejects a token that another key signed under the known kid", async () => {
      const { privateKey } = await generateKeyPair("ES256");
      const kid = String(tokens.jwks().keys[0]?.kid);
      const header = { alg: "ES256", kid };
      await refuse(await new SignJWT({ ...unsignedClaims, sub }).setProtectedHeader(header).sign(privateKey));
    });

    it("tells the holder of a token from another cluster to use one of this cluster", async () => {
      const other = await createTokenIssuer({ issuer });
      const error = await refuse(
        await other.mint({ namespace: "demo", serviceAccount: "x", now: clock.now() }),
      );
      assert.match(error.message, /use a token of the cluster that this CA serves/);
    });

    it("rejects a token with one changed bit, and quotes nothing of it", async () => {
      const [header, payload = "", signature] = (await mint({ aud: "a-secret-audience" })).split(".");
      const claims: JWTPayload = JSON.parse(Buffer.from(payload, "base64url").toString());
      const changed = encode({ ...claims, sub: "system:serviceaccount:prod:bank" });
      const error = await refuse(`${header}.${changed}.${signature}`);
      assert.doesNotMatch(error.message, /bank|secret-audience/);
    });

    it("does not report a forged token as expired, because nothing in it is proven", async () => {
      const [header, , signature] = (await mint()).split(".");
      await refuse(`${header}.${encode({ ...unsignedClaims, sub, exp: 1 })}.${signature}`);
    });
  });

  describe("JwksTokenAuthenticator, for wrong claims", () => {
    it("rejects a wrong exp, nbf, aud or sub with the code of each", async () => {
      await refuse(await mint({ exp: nowSeconds }), "TOKEN_EXPIRED");
      await refuse(await mint({ nbf: nowSeconds + 61 }));
      await refuse(await mint({ aud: ["vault"] }), "TOKEN_AUDIENCE");
      await refuse(await mint({ sub: "admin" }), "CALLER_NOT_SERVICE_ACCOUNT");
      await refuse(await mint({ sub: undefined }), "CALLER_NOT_SERVICE_ACCOUNT");
      await refuse(await mint({ jti: 1 }));
      await refuse(await mint({ "kubernetes.io": { namespace: "prod" } }));
    });

    it("rejects another issuer and quotes it, because a configured key signed the token", async () => {
      const error = await refuse(await mint({ iss: "https://other.test" }), "TOKEN_ISSUER");
      assert.match(error.message, /https:\/\/issuer\.test.*https:\/\/other\.test/);
      for (const iss of [`${issuer}/`, [issuer], undefined, ""])
        await refuse(await mint({ iss }), "TOKEN_ISSUER");
    });

    it("rejects an exp that is read as infinity", async () => {
      const claims = `"iss":"${issuer}","aud":"istio-ca","sub":"${sub}"`;
      await rejectsWithCode(presentRaw(`{${claims},"exp":1e400}`), "TOKEN_REJECTED");
      assert.ok(await presentRaw(`{${claims},"exp":${nowSeconds + 1}}`));
    });
  });

  describe("JwksTokenAuthenticator, for a valid token", () => {
    it("returns the workload and where it runs, for an audience that is a string or an array", async () => {
      for (const aud of ["istio-ca", ["vault", "kasbah"]]) {
        const { spiffeId, credential, pod, node } = await present(await mint({ aud }), keys);
        assert.equal(spiffeId.toString(), "spiffe://cluster.local/ns/demo/sa/frontend");
        assert.ok(credential.kind === "jwks-token" && credential.issuer === issuer);
        assert.match(credential.tokenIdHash ?? "", /^[0-9a-f]{64}$/);
        assert.match(pod?.name ?? "", /^frontend-/);
        assert.equal(node, "dev-node-1");
      }
    });

    it("accepts it from a set that lists its key twice, with one key id or two, or another key with the same id", async () => {
      const [key = assert.fail()] = tokens.jwks().keys;
      const [foreign = assert.fail()] = (await createTokenIssuer({ issuer })).jwks().keys;
      const { kid, ...noKid } = key;
      const { alg, ...noAlg } = key;
      assert.ok(kid !== undefined && alg !== undefined);
      const sets = [
        [key, key],
        [key, noAlg],
        [key, { ...key, kid: "second" }],
        [{ ...foreign, kid }, key],
        [noKid, key],
      ];
      const token = await mint();
      for (const [index, set] of sets.entries()) {
        assert.ok(await present(token, memoryKeys({ keys: set })), `set ${index}`);
        await rejectsWithCode(
          present(`${token.slice(0, -4)}AAAA`, memoryKeys({ keys: set })),
          "TOKEN_REJECTED",
        );
      }
      const foreignKeys = memoryKeys({
        keys: [
          { ...foreign, kid },
          { ...foreign, kid, use: "sig" },
        ],
      });
      await rejectsWithCode(present(token, foreignKeys), "TOKEN_REJECTED");
    });

    it("accepts a token without a key id if its key is listed under two, but not if two different keys match", async () => {
      const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
      const jwk = { ...createPublicKey(await exportSPKI(publicKey)).export({ format: "jwk" }), kty: "EC" };
      const token = await new SignJWT({ ...unsignedClaims, sub })
        .setProtectedHeader({ alg: "ES256" })
        .sign(privateKey);
      const [foreign = assert.fail()] = tokens.jwks().keys;
      assert.ok(
        await present(
          token,
          memoryKeys({
            keys: [
              { ...jwk, kid: "a" },
              { ...jwk, kid: "b" },
            ],
          }),
        ),
      );
      await rejectsWithCode(present(token, memoryKeys({ keys: [jwk, foreign] })), "TOKEN_REJECTED");
    });

    it("tries only a few keys of a set in which many keys have one id", async () => {
      const [key = assert.fail()] = tokens.jwks().keys;
      const { kid = "" } = key;
      const others = await Promise.all(Array.from({ length: 9 }, () => createTokenIssuer({ issuer })));
      const crowd = others.flatMap((other) => other.jwks().keys).map((one) => ({ ...one, kid }));
      assert.ok(await present(await mint(), memoryKeys({ keys: [...crowd.slice(0, 7), key] })));
      await rejectsWithCode(present(await mint(), memoryKeys({ keys: [...crowd, key] })), "TOKEN_REJECTED");
    });

    it("never rejects a valid token while its keys are unavailable, but reports AUTHENTICATOR_UNAVAILABLE", async () => {
      const down: TokenKeys = {
        current: () => {
          throw new CaError("AUTHENTICATOR_UNAVAILABLE", "down");
        },
        refreshForUnknownKey: async () => undefined,
      };
      await rejectsWithCode(present(await mint(), down), "AUTHENTICATOR_UNAVAILABLE");
    });
  });

  it("accepts only asymmetric algorithms", () => {
    assert.ok(tokenAlgorithms.every((name) => /^(ES|RS|PS|Ed)/.test(name)));
  });
});
