// Texts that are not a JWT in compact form, or only almost.

import { deflateRawSync } from "node:zlib";
import { type Case, frontend, group, refused, rejected } from "./case.ts";
import { base64url, claimsJson, mint, partsOf } from "./minting.ts";

const good = mint();
const [header, payload, signature] = partsOf(good);
const jweHeader = base64url(JSON.stringify({ alg: "dir", enc: "A128GCM", zip: "DEF" }));
const bomb = deflateRawSync(Buffer.alloc(1024 * 1024)).toString("base64url");

const partCounts = group("parts", rejected, {
  "one part": "a",
  "one part that is the claims": payload,
  "two parts": `${header}.${payload}`,
  "two parts without the header": `${payload}.${signature}`,
  "four parts": `${good}.${signature}`,
  "four parts, the last of them empty": `${good}.`,
  "four parts, the first of them empty": `.${good}`,
  "five parts": `${good}.${header}.${payload}`,
  "six parts": `${good}.${good}`,
  "no header": `.${payload}.${signature}`,
  "no payload, as in a detached signature": `${header}..${signature}`,
  "no signature": `${header}.${payload}.`,
  "two dots": "..",
  "one dot": ".",
  "four dots": "....",
  "parts in another order": `${payload}.${header}.${signature}`,
  "dots of another script": `${header}\u3002${payload}\u3002${signature}`,
  "a valid token with the scheme twice": `Bearer ${good}`,
  "a valid token in quotes": `"${good}"`,
  "a valid token in angle brackets": `<${good}>`,
  "the path of a token file": "/var/run/secrets/tokens/istio-token",
  "a word": "undefined",
});

const nothing = group("parts", refused("TOKEN_MISSING", "TOKEN_REJECTED"), { "no parts at all": "" });

const encrypted = group("encrypted", rejected, {
  "a JWE of five parts": `${jweHeader}..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA`,
  "a JWE that decompresses to a megabyte": `${jweHeader}..AAAAAAAAAAAAAAAA.${bomb}.AAAAAAAAAAAAAAAAAAAAAA`,
  "a JWE with two billion iterations": `${base64url(
    JSON.stringify({ alg: "PBES2-HS256+A128KW", enc: "A128GCM", p2c: 2_000_000_000, p2s: "AAAAAAAAAAA" }),
  )}.AAAA.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA`,
  "a JWE header in a token of three parts": `${jweHeader}.${payload}.${signature}`,
  "enc together with a signature": mint({ header: { enc: "A128GCM" } }),
});

const nested = group("nested", rejected, {
  "a JWS in a JWS": mint({ header: { cty: "JWT" }, payload: good }),
  "a JWS in a JWS as a JSON string": mint({ header: { cty: "JWT" }, payload: JSON.stringify(good) }),
  "the JSON serialization, flattened": JSON.stringify({ protected: header, payload, signature }),
  "the JSON serialization, general": JSON.stringify({
    payload,
    signatures: [{ protected: header, signature }],
  }),
  "the JSON serialization with dots in it": JSON.stringify({
    payload,
    protected: header,
    signature,
    "a.b": "c.d",
  }),
  "the JSON serialization with a valid and an invalid signature": JSON.stringify({
    payload,
    signatures: [
      { protected: base64url('{"alg":"none"}'), signature: "" },
      { protected: header, signature },
    ],
  }),
  "the JSON serialization with an unprotected alg": JSON.stringify({
    payload,
    header: { alg: "ES256" },
    signature,
  }),
});

const zipped = group("zip", rejected, {
  "zip with uncompressed claims": mint({ header: { zip: "DEF" } }),
  "zip with compressed claims": mint({ header: { zip: "DEF" }, payload: deflateRawSync(claimsJson()) }),
  "zip with a megabyte of claims": mint({
    header: { zip: "DEF" },
    payload: deflateRawSync(Buffer.alloc(1024 * 1024)),
  }),
  "compressed claims without zip": mint({ payload: deflateRawSync(claimsJson()) }),
});

const types = group("typ", frontend, {
  ...Object.fromEntries(
    ["JWT", "jwt", "application/jwt", "at+jwt", "JOSE", ""].map((typ) => [
      `typ ${JSON.stringify(typ)}`,
      mint({ header: { typ } }),
    ]),
  ),
  "cty JWT with plain claims": mint({ header: { cty: "JWT" } }),
  "an unknown header member": mint({ header: { "https://issuer.test/extra": { a: [1] } } }),
  "a header on several lines": mint({ rawHeader: '{\n  "alg": "ES256",\n  "kid": "es256"\n}\n' }),
});

export const shapes: readonly Case[] = [
  ...partCounts,
  ...nothing,
  ...encrypted,
  ...nested,
  ...zipped,
  ...types,
];
