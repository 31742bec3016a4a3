import assert from "node:assert/strict";
import { createHmac, createPublicKey } from "node:crypto";
import { createTokenIssuer, type TokenIssuer } from "@kasbah/certs-dev";
import { parseTrustDomain } from "@kasbah/pki";
import { FakeClock, rejectsWithCode } from "@kasbah/testkit";
import { createLocalJWKSet, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { CaError } from "../errors.ts";
import type { Authenticator } from "../issuance/ports.ts";
import { tokenAlgorithms } from "./jwks.ts";
import { createJwksTokenAuthenticator } from "./jwks-token.ts";
import type { TokenKeys } from "./token-keys.ts";

const issuer = "https://issuer.test";
const clock = new FakeClock("2030-01-01T00:00:00Z");
const nowSeconds = clock.now().getTime() / 1000;

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

function keysOf(tokens: TokenIssuer): TokenKeys {
  const getKey = createLocalJWKSet(tokens.jwks());
  return { current: () => getKey, refreshForUnknownKey: async () => undefined };
}

describe("A service account token", () => {
  let tokens: TokenIssuer;
  let authenticator: Authenticator;

  before(async () => {
    tokens = await createTokenIssuer({ issuer });
    authenticator = authenticatorWith(keysOf(tokens));
  });

  function authenticatorWith(keys: TokenKeys, audiences: readonly string[] = ["istio-ca", "kasbah"]) {
    return createJwksTokenAuthenticator({
      keys,
      issuer,
      audiences,
      trustDomain: parseTrustDomain("cluster.local"),
      clock,
    });
  }

  const mint = (claims: Record<string, unknown> = {}) =>
    tokens.mint({ namespace: "demo", serviceAccount: "frontend", now: clock.now(), claims });
  const present = (...authorization: string[]) => authenticator.authenticate({ authorization });
  const refuse = async (token: string, code: string) => rejectsWithCode(present(`Bearer ${token}`), code);

  describe("that is forged", () => {
    it("is refused with alg none, in every spelling", async () => {
      const [, payload = ""] = (await mint()).split(".");
      for (const alg of ["none", "None", "NONE", ""]) {
        await refuse(`${base64url({ alg })}.${payload}.AA`, "TOKEN_REJECTED");
      }
    });

    it("is refused with HS256 and the public key as its secret", async () => {
      const [jwk] = tokens.jwks().keys;
      assert.ok(jwk);
      const pem = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" });
      const [, payload] = (await mint()).split(".");
      for (const secret of [pem, JSON.stringify(jwk)]) {
        const signed = `${base64url({ alg: "HS256", kid: jwk.kid })}.${payload}`;
        const mac = createHmac("sha256", secret).update(signed).digest("base64url");
        await refuse(`${signed}.${mac}`, "TOKEN_REJECTED");
      }
    });

    it("is refused when another key signed it under the known kid", async () => {
      const { privateKey } = await generateKeyPair("ES256");
      const kid = String(tokens.jwks().keys[0]?.kid);
      const forged = await new SignJWT({ sub: "system:serviceaccount:demo:frontend", aud: "istio-ca" })
        .setProtectedHeader({ alg: "ES256", kid })
        .setIssuer(issuer)
        .setExpirationTime(nowSeconds + 60)
        .sign(privateKey);
      await refuse(forged, "TOKEN_REJECTED");
    });

    it("is refused when it brings its own key", async () => {
      const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
      const jwk = createPublicKey(await exportSPKI(publicKey)).export({ format: "jwk" });
      const forged = await new SignJWT({ sub: "system:serviceaccount:demo:frontend", aud: "istio-ca" })
        .setProtectedHeader({ alg: "ES256", jwk })
        .setIssuer(issuer)
        .setExpirationTime(nowSeconds + 60)
        .sign(privateKey);
      await refuse(forged, "TOKEN_REJECTED");
    });

    it("is refused when one bit of it changed, and nothing of it is told", async () => {
      const [header, payload = "", signature] = (await mint({ aud: "a-secret-audience" })).split(".");
      const claims: JWTPayload = JSON.parse(Buffer.from(payload, "base64url").toString());
      const changed = base64url({ ...claims, sub: "system:serviceaccount:prod:bank" });
      const error = await refuse(`${header}.${changed}.${signature}`, "TOKEN_REJECTED");
      assert.doesNotMatch(error.message, /bank|secret-audience/);
    });

    it("is refused when its kid is unknown, after one look for new keys", async () => {
      let looks = 0;
      const keys = keysOf(tokens);
      const counted = authenticatorWith({
        current: keys.current,
        refreshForUnknownKey: async () => {
          looks += 1;
        },
      });
      const [, payload, signature] = (await mint()).split(".");
      const token = `${base64url({ alg: "ES256", kid: "other" })}.${payload}.${signature}`;
      await rejectsWithCode(counted.authenticate({ authorization: [`Bearer ${token}`] }), "TOKEN_REJECTED");
      assert.equal(looks, 1);
    });
  });

  describe("of the wrong shape", () => {
    it("is refused with five parts, before anything of it is decoded", async () => {
      let asked = 0;
      const watching = authenticatorWith({
        current: () => {
          asked += 1;
          return createLocalJWKSet(tokens.jwks());
        },
        refreshForUnknownKey: async () => undefined,
      });
      for (const token of ["a.b.c.d.e", "a.b.c.d", "a.b", "a", ".b.c", "a..c", "a.b."]) {
        await rejectsWithCode(
          watching.authenticate({ authorization: [`Bearer ${token}`] }),
          "TOKEN_REJECTED",
        );
      }
      assert.equal(asked, 0);
    });

    it("is refused beyond 16 KiB and read at 16 KiB", async () => {
      const short = await mint({ padding: "" });
      const padding = Math.floor(((16 * 1024 - short.length) * 3) / 4) - 8;
      await present(`Bearer ${await mint({ padding: "x".repeat(padding) })}`);
      await refuse(`${short}${"A".repeat(16 * 1024)}`, "TOKEN_REJECTED");
    });

    it("is refused when two were joined into one header by a proxy", async () => {
      const token = await mint();
      await refuse(`${token}, Bearer ${token}`, "TOKEN_REJECTED");
    });

    it("is missing without a Bearer value", async () => {
      const token = await mint();
      for (const values of [[], [""], ["Bearer"], [`bearer ${token}`], [`Istio ${token}`], [token]]) {
        await rejectsWithCode(present(...values), "TOKEN_MISSING");
      }
    });
  });

  describe("with wrong claims", () => {
    it("is refused from the second in which it ends", async () => {
      const error = await refuse(await mint({ exp: nowSeconds }), "TOKEN_EXPIRED");
      assert.match(error.message, /ended at 2030-01-01T00:00:00\.000Z/);
      await refuse(await mint({ exp: nowSeconds - 1 }), "TOKEN_EXPIRED");
      await present(`Bearer ${await mint({ exp: nowSeconds + 1 })}`);
    });

    it("is refused before its nbf, even by one second", async () => {
      await refuse(await mint({ nbf: nowSeconds + 1 }), "TOKEN_REJECTED");
      await present(`Bearer ${await mint({ nbf: nowSeconds })}`);
    });

    it("is refused without a finite exp", async () => {
      for (const exp of [undefined, "2524608000", null, [nowSeconds + 60], {}]) {
        await refuse(await mint({ exp }), "TOKEN_REJECTED");
      }
    });

    it("is refused when its exp reads as infinity", async () => {
      const { keys, token } = await signRaw(
        `{"iss":"${issuer}","aud":"istio-ca","sub":"system:serviceaccount:a:b","exp":1e400}`,
      );
      const calls = authenticatorWith(keys).authenticate({ authorization: [`Bearer ${token}`] });
      await rejectsWithCode(calls, "TOKEN_REJECTED");
    });

    it("is refused for another audience, and told which was seen and which is expected", async () => {
      const error = await refuse(await mint({ aud: ["vault"] }), "TOKEN_AUDIENCE");
      assert.match(error.message, /\["vault"\].*"istio-ca"/);
      for (const aud of ["ISTIO-CA", "istio-ca ", [], ["istio"], { 0: "istio-ca" }, 1, null]) {
        await refuse(await mint({ aud }), "TOKEN_AUDIENCE");
      }
      await refuse(await mint({ aud: undefined }), "TOKEN_AUDIENCE");
    });

    it("is refused for another issuer", async () => {
      const error = await refuse(await mint({ iss: "https://evil.test" }), "TOKEN_ISSUER");
      assert.match(error.message, /https:\/\/evil\.test.*https:\/\/issuer\.test/);
      for (const iss of [`${issuer}/`, [issuer], undefined, ""])
        await refuse(await mint({ iss }), "TOKEN_ISSUER");
    });

    it("is refused unless its sub has exactly four parts of a service account", async () => {
      const subs = [
        "system:serviceaccount:demo",
        "system:serviceaccount:demo:frontend:extra",
        "system:serviceaccount::frontend",
        "system:serviceaccount:demo:",
        "system:serviceaccount:Demo:frontend",
        "system:serviceaccount:demo:Frontend",
        "system:serviceaccount:demo/x:frontend",
        "system:serviceaccount:demo:../admin",
        "system:serviceaccount:demo:a/b",
        "system:serviceaccount:demo:fröntend",
        "system:serviceaccount:de.mo:frontend",
        "system:serviceaccount:demo:front\u0000end",
        "system:serviceaccount:demo:frontend\n",
        " system:serviceaccount:demo:frontend",
        "System:serviceaccount:demo:frontend",
        "system:serviceaccounts:demo:frontend",
        "system:node:demo:frontend",
        "admin",
        "",
        42,
        ["system:serviceaccount:demo:frontend"],
        undefined,
      ];
      for (const sub of subs) await refuse(await mint({ sub }), "CALLER_NOT_SERVICE_ACCOUNT");
    });

    it("shows long and binary claims cut and escaped", async () => {
      const error = await refuse(await mint({ aud: `\u001b[31m\n${"x".repeat(5000)}` }), "TOKEN_AUDIENCE");
      assert.ok(error.message.length < 500);
      assert.ok(!error.message.includes("\u001b") && !error.message.includes("\n"));
    });
  });

  describe("that is good", () => {
    it("names its workload, with the audience as a string or a list", async () => {
      for (const aud of ["istio-ca", ["vault", "kasbah"]]) {
        const { spiffeId, credential } = await present(`Bearer ${await mint({ aud })}`);
        assert.equal(spiffeId.toString(), "spiffe://cluster.local/ns/demo/sa/frontend");
        assert.equal(credential.kind, "jwks-token");
        assert.match(credential.tokenIdHash ?? "", /^[0-9a-f]{64}$/);
      }
    });

    it("is taken from the first Bearer value, whatever stands around it", async () => {
      const other = await tokens.mint({ namespace: "demo", serviceAccount: "other", now: clock.now() });
      const { spiffeId } = await present("Basic eDp5", `Bearer ${await mint()}`, `Bearer ${other}`);
      assert.equal(spiffeId.workload?.serviceAccount, "frontend");
    });

    it("is refused when the first of two is bad, though the second is good", async () => {
      await rejectsWithCode(present("Bearer a.b.c", `Bearer ${await mint()}`), "TOKEN_REJECTED");
    });

    it("is never refused while keys can not be had: the authenticator is unavailable", async () => {
      const unavailable = new CaError("AUTHENTICATOR_UNAVAILABLE", "down");
      const down = authenticatorWith({
        current: () => {
          throw unavailable;
        },
        refreshForUnknownKey: async () => undefined,
      });
      const token = await mint();
      await rejectsWithCode(
        down.authenticate({ authorization: [`Bearer ${token}`] }),
        "AUTHENTICATOR_UNAVAILABLE",
      );
    });
  });

  it("may be signed by asymmetric algorithms alone", () => {
    assert.ok(tokenAlgorithms.every((name) => /^(ES|RS|PS|Ed)/.test(name)));
  });
});

/** Signs bytes that no JSON encoder would write, with a key of their own. */
async function signRaw(payload: string): Promise<{ keys: TokenKeys; token: string }> {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = createPublicKey(await exportSPKI(publicKey)).export({ format: "jwk" });
  const getKey = createLocalJWKSet({ keys: [{ ...jwk, kty: "EC", kid: "raw" }] });
  const signed = `${base64url({ alg: "ES256", kid: "raw" })}.${Buffer.from(payload).toString("base64url")}`;
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const signature = await crypto.subtle.sign(algorithm, privateKey, Buffer.from(signed));
  return {
    keys: { current: () => getKey, refreshForUnknownKey: async () => undefined },
    token: `${signed}.${Buffer.from(signature).toString("base64url")}`,
  };
}
