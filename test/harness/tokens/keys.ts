import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve });
const rsa = () => generateKeyPairSync("rsa", { modulusLength: 2048 });

/** The issuer's keys by `kid`. */
const issuerKeys = {
  es256: ec("P-256"),
  "es256-other": ec("P-256"),
  es384: ec("P-384"),
  rs256: rsa(),
  eddsa: generateKeyPairSync("ed25519"),
} as const;

/** Keys of an attacker, which no key set contains. */
const attackerKeys = {
  "an attacker's P-256": ec("P-256"),
  "an attacker's P-521": ec("P-521"),
  "an attacker's secp256k1": ec("secp256k1"),
  "an attacker's RSA": rsa(),
} as const;

export type IssuerKey = keyof typeof issuerKeys;
export type KeyName = IssuerKey | keyof typeof attackerKeys;

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const pairs: Readonly<Record<KeyName, KeyPair>> = { ...issuerKeys, ...attackerKeys };

export const issuerKeyNames = Object.keys(issuerKeys) as readonly IssuerKey[];

/** The Ed25519 key has no `alg`, because two names are in use for it. */
const algorithmOf: Readonly<Record<IssuerKey, string | undefined>> = {
  es256: "ES256",
  "es256-other": "ES256",
  es384: "ES384",
  rs256: "RS256",
  eddsa: undefined,
};

export function publicKey(name: KeyName): KeyObject {
  return pairs[name].publicKey;
}

export function privateKey(name: KeyName): KeyObject {
  return pairs[name].privateKey;
}

export function publicJwk(name: KeyName) {
  return publicKey(name).export({ format: "jwk" });
}

/** The JWK Set that the issuer publishes. */
export function jwksText(): string {
  const keys = issuerKeyNames.map((kid) => {
    const alg = algorithmOf[kid];
    return { ...publicJwk(kid), kid, use: "sig", ...(alg === undefined ? {} : { alg }) };
  });
  return JSON.stringify({ keys });
}

/** Signs with a JWS algorithm without checking that it suits the key. */
export function signAs(alg: string, name: KeyName, input: Uint8Array): Buffer {
  const key = pairs[name].privateKey;
  if (alg === "EdDSA" || alg === "Ed25519") return sign(null, input, key);
  const hash = `sha${alg.slice(2)}`;
  if (alg.startsWith("ES")) return sign(hash, input, { key, dsaEncoding: "ieee-p1363" });
  if (alg.startsWith("RS")) return sign(hash, input, key);
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
  return sign(hash, input, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
}
