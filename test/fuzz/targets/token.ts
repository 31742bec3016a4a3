import assert from "node:assert/strict";
import { createPublicKey, sign } from "node:crypto";
import { parseTrustDomain } from "@kasbah/pki";
import { FakeClock } from "@kasbah/testkit";
import { readBearerToken } from "../../../packages/ca-server/src/authn/bearer-token.ts";
import { memoryKeys } from "../../../packages/ca-server/src/authn/jwks/memory-keys.fixture.ts";
import { JwksTokenAuthenticator } from "../../../packages/ca-server/src/authn/jwks/token.ts";
import { fixedEd25519Key } from "../fixed-keys.ts";
import { jsonMutants, textMutants } from "../mutants.ts";
import { bytesOf, readLater, type Target, textOf, type Verdict } from "../target.ts";

const issuer = "https://issuer.test";
const now = new Date("2030-01-01T00:00:00.500Z");
const second = Math.floor(now.getTime() / 1000);
const key = fixedEd25519Key("issuer");
const jwk = { ...createPublicKey(key).export({ format: "jwk" }), kid: "one", use: "sig" };

const authenticator = new JwksTokenAuthenticator({
  issuers: [
    {
      issuer,
      audiences: ["istio-ca"],
      algorithms: ["EdDSA", "Ed25519", "ES256", "RS256"],
      keys: memoryKeys({ keys: [jwk] }),
    },
  ],
  trustDomain: parseTrustDomain("cluster.local"),
  clock: new FakeClock(now),
});

const header = JSON.stringify({ alg: "EdDSA", kid: "one", typ: "JWT" });
const claims = {
  iss: issuer,
  aud: ["istio-ca"],
  sub: "system:serviceaccount:demo:frontend",
  exp: second + 600,
};
const bound = {
  namespace: "demo",
  serviceaccount: { name: "frontend", uid: "u-1" },
  pod: { name: "frontend-1", uid: "u-2" },
  node: { name: "node-1", uid: "u-3" },
  warnafter: second + 300,
};
const payloads = [
  JSON.stringify({ ...claims, iat: second, nbf: second, jti: "j-1", "kubernetes.io": bound }),
  JSON.stringify({ ...claims, aud: "istio-ca" }),
];
const values = payloads.map((payload) => bytesOf(`Bearer ${signed(bytesOf(header), bytesOf(payload))}`));

/** The raw text of the header. */
export const authorization: Target = {
  name: "authorization",
  valid: values,
  inputs: textMutants(values, ["Bearer ", "bearer ", " ", "\t", ".", "..", "=", "%", "eyJ", "e30", "\u0000"]),
  check: (value) => judge(textOf(value)),
};

/** Claims with a valid signature. */
export const tokenClaims: Target = {
  name: "token-claims",
  valid: payloads.map(bytesOf),
  inputs: jsonMutants(payloads.map(bytesOf)),
  check: (payload) => judge(`Bearer ${signed(bytesOf(header), payload)}`),
};

/** JWT headers with a valid signature. */
export const tokenHeader: Target = {
  name: "token-header",
  valid: [bytesOf(header)],
  inputs: jsonMutants([
    bytesOf(header),
    bytesOf('{"alg":"none","kid":"one","jwk":{},"crit":["b64"],"b64":false}'),
  ]),
  check: (changed) => judge(`Bearer ${signed(changed, bytesOf(payloads[0] ?? ""))}`),
};

async function judge(value: string): Promise<Verdict> {
  const outcome = await readLater(async () => {
    const token = readBearerToken({ authorization: [value], peerCertificates: [] });
    if (token === undefined) return undefined;
    return { caller: await authenticator.authenticate(token), claims: token.unprovenClaims };
  });
  if (outcome?.value === undefined) return "refused";
  const { caller, claims } = outcome.value;
  const { workload } = caller.spiffeId;
  assert.equal(claims["sub"], `system:serviceaccount:${workload?.namespace}:${workload?.serviceAccount}`);
  assert.equal(claims["iss"], issuer);
  assert.ok([claims["aud"]].flat().includes("istio-ca"));
  assert.ok(Number(claims["exp"]) > second);
  return "accepted";
}

function signed(headerJson: Uint8Array, payload: Uint8Array): string {
  const input = [headerJson, payload].map((part) => Buffer.from(part).toString("base64url")).join(".");
  return `${input}.${sign(null, Buffer.from(input), key).toString("base64url")}`;
}
