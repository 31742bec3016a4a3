import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { parseTrustDomain } from "@kasbah/pki";
import { FakeClock, rejectsWithCode } from "@kasbah/testkit";
import { type JWK, SignJWT } from "jose";
import { CaError } from "../../errors.ts";
import { type BearerToken, readBearerToken } from "../bearer-token.ts";
import { tokenAlgorithms } from "./key-set.ts";
import { memoryKeys } from "./memory-keys.fixture.ts";
import { JwksTokenAuthenticator, type TokenIssuer } from "./token.ts";

const clock = new FakeClock("2030-01-01T00:00:00Z");
const [clusterName, machinesName] = ["https://cluster.test", "https://machines.test"] as const;

interface Signer {
  readonly alg: string;
  readonly privateKey: KeyObject;
  readonly jwk: JWK;
}

function ecSigner(kid: string): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { alg: "ES256", privateKey, jwk: { ...publicKey.export({ format: "jwk" }), kty: "EC", kid } };
}

function rsaSigner(kid: string): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { alg: "RS256", privateKey, jwk: { ...publicKey.export({ format: "jwk" }), kty: "RSA", kid } };
}

/** Every issuer has the same kid, which proves nothing. */
const signers = { cluster: ecSigner("1"), machines: rsaSigner("1"), stranger: ecSigner("1") };

function issuerOf(issuer: string, { jwk }: Signer, deps: Partial<TokenIssuer> = {}): TokenIssuer {
  const keys = memoryKeys({ keys: [jwk] });
  return { issuer, keys, audiences: ["istio-ca"], algorithms: tokenAlgorithms, ...deps };
}

async function mint(signer: Signer, claims: Record<string, unknown>, alg = signer.alg): Promise<BearerToken> {
  const sub = "system:serviceaccount:demo:frontend";
  const exp = clock.now().getTime() / 1000 + 60;
  const text = await new SignJWT({ aud: "istio-ca", sub, exp, ...claims })
    .setProtectedHeader({ alg, kid: "1" })
    .sign(signer.privateKey);
  const token = readBearerToken({ authorization: [`Bearer ${text}`], peerCertificates: [] });
  return token ?? assert.fail("no token");
}

describe("JwksTokenAuthenticator with several issuers", () => {
  const cluster = issuerOf(clusterName, signers.cluster);
  const machines = issuerOf(machinesName, signers.machines, { audiences: ["mesh"], algorithms: ["RS256"] });
  const trustDomain = parseTrustDomain("cluster.local");
  const by = (...issuers: TokenIssuer[]) => new JwksTokenAuthenticator({ issuers, trustDomain, clock });
  const both = by(cluster, machines);
  const refuse = async (token: Promise<BearerToken>, code: string, authenticator = both) =>
    rejectsWithCode(authenticator.authenticate(await token), code);

  it("never verifies a token with the keys of an issuer other than the one it names", async () => {
    await refuse(mint(signers.machines, { iss: clusterName }), "TOKEN_REJECTED");
    await refuse(mint(signers.cluster, { iss: machinesName, aud: "mesh" }), "TOKEN_REJECTED");
    await refuse(mint(signers.stranger, { iss: clusterName }), "TOKEN_REJECTED");
  });

  it("requires an audience of the token's own issuer", async () => {
    await refuse(mint(signers.cluster, { iss: clusterName, aud: "mesh" }), "TOKEN_AUDIENCE");
    await refuse(mint(signers.machines, { iss: machinesName, aud: "istio-ca" }), "TOKEN_AUDIENCE");
    assert.ok(await both.authenticate(await mint(signers.machines, { iss: machinesName, aud: "mesh" })));
  });

  it("requires an algorithm of the token's own issuer, even if its key supports more", async () => {
    const claims = { iss: machinesName, aud: "mesh" };
    for (const alg of ["RS384", "RS512", "PS256"]) {
      await refuse(mint(signers.machines, claims, alg), "TOKEN_REJECTED");
    }
    const free = by(cluster, issuerOf(machinesName, signers.machines, { audiences: ["mesh"] }));
    assert.ok(await free.authenticate(await mint(signers.machines, claims, "PS256")));
  });

  it("quotes the unknown issuer of a token that a configured key signed", async () => {
    for (const signer of [signers.cluster, signers.machines]) {
      const { message } = await refuse(mint(signer, { iss: "https://typo.test" }), "TOKEN_ISSUER");
      assert.match(
        message,
        /\["https:\/\/cluster\.test","https:\/\/machines\.test"\].*seen "https:\/\/typo\.test"/,
      );
    }
  });

  it("quotes nothing of a token of an unknown issuer that no configured key signed", async () => {
    const { message } = await refuse(mint(signers.stranger, { iss: "https://typo.test" }), "TOKEN_REJECTED");
    assert.doesNotMatch(message, /typo|cluster\.test|machines\.test/);
  });

  it("treats another spelling of an issuer as an unknown issuer", async () => {
    for (const iss of [
      `${clusterName}/`,
      clusterName.toUpperCase(),
      ` ${clusterName}`,
      "",
      [clusterName],
      null,
      1,
    ]) {
      await refuse(mint(signers.cluster, { iss }), "TOKEN_ISSUER");
    }
    await refuse(mint(signers.cluster, {}), "TOKEN_ISSUER");
  });

  it("fetches no new keys for a token of an unknown issuer", async () => {
    let looks = 0;
    const keys = {
      ...cluster.keys,
      refreshForUnknownKey: async () => {
        looks += 1;
      },
    };
    const watched = by({ ...cluster, keys }, machines);
    await refuse(mint(signers.stranger, { iss: "https://typo.test" }), "TOKEN_REJECTED", watched);
    assert.equal(looks, 0);
  });

  it("verifies a token even if the keys of another issuer are unavailable, but not if its own are", async () => {
    const current = () => {
      throw new CaError("AUTHENTICATOR_UNAVAILABLE", "down");
    };
    const down = { ...machines, keys: { ...machines.keys, current } };
    for (const authenticator of [by(down, cluster), by(cluster, down)]) {
      assert.ok(await authenticator.authenticate(await mint(signers.cluster, { iss: clusterName })));
      const ofTheOther = mint(signers.machines, { iss: machinesName, aud: "mesh" });
      await refuse(ofTheOther, "AUTHENTICATOR_UNAVAILABLE", authenticator);
      await refuse(mint(signers.cluster, { iss: "https://typo.test" }), "TOKEN_ISSUER", authenticator);
    }
  });

  it("reports which issuer signed the token", async () => {
    const { credential } = await both.authenticate(await mint(signers.cluster, { iss: clusterName }));
    assert.deepEqual(credential, { kind: "jwks-token", issuer: clusterName, tokenIdHash: undefined });
  });

  it("claims the tokens that name one of its issuers, or that a key of one of them signed", async () => {
    assert.ok(both.checks(await mint(signers.stranger, { iss: clusterName })));
    for (const iss of ["https://typo.test", [clusterName], undefined]) {
      assert.equal(both.checks(await mint(signers.machines, { iss })), true);
      assert.equal(both.checks(await mint(signers.stranger, { iss })), false);
    }
  });

  it("leaves a token to other authenticators while the keys that could have signed it are unavailable", async () => {
    const current = () => {
      throw new CaError("AUTHENTICATOR_UNAVAILABLE", "down");
    };
    const down = by({ ...cluster, keys: { ...cluster.keys, current } });
    assert.equal(down.checks(await mint(signers.cluster, { iss: "https://typo.test" })), false);
    assert.equal(down.checks(await mint(signers.cluster, { iss: clusterName })), true);
  });
});
