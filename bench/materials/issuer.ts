import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The `iss` of every token. */
export const tokenIssuer = "https://bench.invalid";

/** The algorithms that Kubernetes signs service account tokens with. */
export type TokenAlgorithm = "RS256" | "ES256";

/** Signs the callers' tokens with the two keys that it keeps in the cache. */
export interface Issuer {
  /** The public keys, as a CA reads them. */
  readonly jwksPath: string;
  readonly jwks: object;
  sign(algorithm: TokenAlgorithm, claims: object): string;
  /** The public key of ES256, which is also that of step-ca's provisioner. */
  readonly provisionerJwk: object;
}

export function loadIssuer(directory: string): Issuer {
  const keys = {
    RS256: keyAt(join(directory, "rs256.pem"), () => generateKeyPairSync("rsa", { modulusLength: 2048 })),
    ES256: keyAt(join(directory, "es256.pem"), () => generateKeyPairSync("ec", { namedCurve: "P-256" })),
  };
  const [rsa, ec] = [publicJwk(keys.RS256, "RS256"), publicJwk(keys.ES256, "ES256")];
  const jwks = { keys: [rsa, ec] };
  const jwksPath = join(directory, "jwks.json");
  writeFileSync(jwksPath, JSON.stringify(jwks));
  return {
    jwksPath,
    jwks,
    provisionerJwk: ec,
    sign: (algorithm, claims) => signToken(keys, algorithm, claims),
  };
}

function keyAt(path: string, generate: () => { readonly privateKey: KeyObject }): KeyObject {
  if (existsSync(path)) return createPrivateKey(readFileSync(path));
  mkdirSync(join(path, ".."), { recursive: true });
  const { privateKey } = generate();
  writeFileSync(path, privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  return privateKey;
}

function publicJwk(key: KeyObject, alg: TokenAlgorithm): object {
  const { kty, n, e, crv, x, y } = key.export({ format: "jwk" });
  return { kty, n, e, crv, x, y, alg, use: "sig", kid: `bench-${alg}` };
}

function signToken(
  keys: Readonly<Record<TokenAlgorithm, KeyObject>>,
  algorithm: TokenAlgorithm,
  claims: object,
): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: algorithm, kid: `bench-${algorithm}`, typ: "JWT" })}.${part(claims)}`;
  const key = { key: keys[algorithm], dsaEncoding: "ieee-p1363" as const };
  return `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
}
