// Tokens that choose their own verification algorithm.

import { createHmac } from "node:crypto";
import { type Case, frontend, group, rejected } from "./case.ts";
import { jwksText, publicJwk, publicKey, signAs } from "./keys.ts";
import { base64url, claimsJson, mint, respelled } from "./minting.ts";

const unsigned = (alg: unknown, signature: string) =>
  `${base64url(JSON.stringify({ alg, kid: "es256" }))}.${base64url(claimsJson())}.${signature}`;
const good = mint();
const genuineSignature = good.slice(good.lastIndexOf(".") + 1);

const none = group("alg none", rejected, {
  ...Object.fromEntries(
    ["none", "None", "NONE", "nOnE", "none ", "", " ", "null"].flatMap((alg) => [
      [`alg ${JSON.stringify(alg)} without a signature`, unsigned(alg, "")],
      [`alg ${JSON.stringify(alg)} with some signature`, unsigned(alg, "AA")],
    ]),
  ),
  "alg none with the signature of a valid token": unsigned("none", genuineSignature),
  "alg none signed with HMAC over nothing": mint({
    header: { alg: "none" },
    sign: () => createHmac("sha256", "").digest(),
  }),
  "alg none and no kid": mint({ header: { alg: "none", kid: undefined } }),
});

/** Signed by anyone who can read the key set. */
const symmetric = (alg: string, kid: "es256" | "rs256", secret: string | Buffer) =>
  mint({
    header: { alg, kid },
    sign: (input) =>
      createHmac(`sha${alg.slice(2)}`, secret)
        .update(input)
        .digest(),
  });
const rsaPem = publicKey("rs256").export({ type: "spki", format: "pem" });
const rsaPkcs1 = publicKey("rs256").export({ type: "pkcs1", format: "pem" });
const ecPem = publicKey("es256").export({ type: "spki", format: "pem" });

const confusion = group("algorithm confusion", rejected, {
  "HS256 with the RSA key's PEM as the secret": symmetric("HS256", "rs256", rsaPem),
  "HS256 with the RSA key's PEM without its final line feed": symmetric(
    "HS256",
    "rs256",
    String(rsaPem).trimEnd(),
  ),
  "HS256 with the RSA key's PKCS#1 PEM": symmetric("HS256", "rs256", rsaPkcs1),
  "HS384 with the RSA key's PEM": symmetric("HS384", "rs256", rsaPem),
  "HS512 with the RSA key's PEM": symmetric("HS512", "rs256", rsaPem),
  "HS256 with the RSA modulus": symmetric(
    "HS256",
    "rs256",
    Buffer.from(String(publicJwk("rs256").n), "base64url"),
  ),
  "HS256 with the EC key's PEM as the secret": symmetric("HS256", "es256", ecPem),
  "HS256 with the EC key's DER": symmetric(
    "HS256",
    "es256",
    publicKey("es256").export({ type: "spki", format: "der" }),
  ),
  "HS256 with the EC key's JWK": symmetric("HS256", "es256", JSON.stringify(publicJwk("es256"))),
  "HS256 with the whole key set as the secret": symmetric("HS256", "es256", jwksText()),
  "HS256 with an empty secret": symmetric("HS256", "es256", ""),
  "HS256 in lower case": mint({ header: { alg: "hs256" } }),
  "ES256 for the RSA key": mint({ header: { kid: "rs256" } }),
  "RS256 for the EC key": mint({ key: "rs256", header: { kid: "es256" } }),
  "ES256 declared for an RSA signature": mint({ key: "rs256", header: { alg: "ES256" } }),
  "RS256 declared for an EC signature": mint({ header: { alg: "RS256" } }),
  "ES384 with the P-256 key": mint({ alg: "ES384" }),
  "ES384 with the P-256 key and a signature padded to the length of ES384": mint({
    alg: "ES384",
    sign: (input) => {
      const short = signAs("ES384", "es256", input);
      const pad = Buffer.alloc(16);
      return Buffer.concat([pad, short.subarray(0, 32), pad, short.subarray(32)]);
    },
  }),
  "ES256 with the P-384 key": mint({ key: "es384", alg: "ES256" }),
  "ES512 with an attacker's P-521 key": mint({ key: "an attacker's P-521", alg: "ES512" }),
  "ES256 with an attacker's secp256k1 key": mint({
    key: "an attacker's secp256k1",
    header: { kid: "es256" },
  }),
  "PS256 with a key for RS256": mint({ key: "rs256", alg: "PS256" }),
  "RS512 with a key for RS256": mint({ key: "rs256", alg: "RS512" }),
  "PS256 declared for an RS256 signature": mint({ key: "rs256", header: { alg: "PS256" } }),
  "EdDSA for the EC key": mint({ header: { alg: "EdDSA" } }),
  "ES256K declared for a P-256 signature": mint({ header: { alg: "ES256K" } }),
  "RS1, which uses SHA-1": mint({ key: "rs256", alg: "RS1" }),
  "a key agreement algorithm": mint({ header: { alg: "ECDH-ES" } }),
  "a direct encryption algorithm": mint({ header: { alg: "dir", enc: "A128GCM" } }),
  "a password-based algorithm": mint({
    header: { alg: "PBES2-HS256+A128KW", p2c: 2_000_000_000, p2s: "AAAA" },
  }),
  "alg in lower case": mint({ header: { alg: "es256" } }),
  "alg in mixed case": mint({ header: { alg: "Es256" } }),
  "alg with a trailing space": mint({ header: { alg: "ES256 " } }),
  "alg with a trailing NUL": mint({ header: { alg: "ES256\u0000" } }),
  "alg missing": mint({ header: { alg: undefined } }),
  "alg null": mint({ header: { alg: null } }),
  "alg as a number": mint({ header: { alg: 256 } }),
  "alg as a list": mint({ header: { alg: ["ES256"] } }),
  "alg as an object": mint({ header: { alg: { name: "ES256" } } }),
  "alg true": mint({ header: { alg: true } }),
  "alg with its name in upper case": mint({ header: { alg: undefined, ALG: "ES256" } }),
  "alg named like a property of every object": mint({ header: { alg: "constructor" } }),
  "alg replaced after signing": respelled(good, 0, () =>
    base64url(JSON.stringify({ alg: "ES384", kid: "es256" })),
  ),
});

const genuine = group("genuine algorithms", frontend, {
  ES256: good,
  "ES256 with the other key": mint({ key: "es256-other" }),
  ES384: mint({ key: "es384" }),
  RS256: mint({ key: "rs256" }),
  EdDSA: mint({ key: "eddsa" }),
  "Ed25519 as named by RFC 9864": mint({ key: "eddsa", alg: "Ed25519" }),
  "alg written with an escape": mint({ rawHeader: '{"alg":"\\u0045S256","kid":"es256"}' }),
});

export const algorithms: readonly Case[] = [...none, ...confusion, ...genuine];
