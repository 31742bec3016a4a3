import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { throwsWithCode } from "@kasbah/testkit";
import { parseVerificationKeys } from "./key-set.ts";

const ec = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
const good = { ...ec(), kid: "good" };
const setOf = (...keys: unknown[]) => JSON.stringify({ keys });

describe("parseVerificationKeys", () => {
  const flawed = (key: unknown): string => {
    const { keys, warnings } = parseVerificationKeys(setOf(key, good));
    assert.deepEqual(
      keys.map(({ kid }) => kid),
      ["good"],
    );
    assert.equal(warnings.length, 1);
    return String(warnings[0]);
  };

  it("ignores symmetric keys, with which every verifier could sign", () => {
    flawed({ kty: "oct", k: "c2VjcmV0", alg: "HS256" });
    flawed({ kty: "oct" });
  });

  it("ignores keys with private members, and quotes nothing of their values", () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwk = privateKey.export({ format: "jwk" });
    const warning = flawed(jwk);
    assert.match(warning, /private members/);
    assert.ok(!warning.includes(String(jwk.d)));
  });

  it("ignores EC points that are off their curve, at infinity, or not in canonical base64url", () => {
    const zeros = Buffer.alloc(32).toString("base64url");
    flawed({ ...ec(), x: zeros, y: zeros });
    flawed({ ...ec(), y: ec().y });
    flawed({ ...ec(), x: "" });
    flawed({ ...ec(), x: `${ec().x}=` });
    flawed({ ...ec(), x: undefined });
    flawed({ kty: "EC", crv: "secp256k1", x: good.x, y: good.y });
  });

  it("ignores weak RSA keys and exponents that allow forgeries", () => {
    const rsa = (bits: number) =>
      generateKeyPairSync("rsa", { modulusLength: bits }).publicKey.export({ format: "jwk" });
    const strong = rsa(2048);
    flawed(rsa(1024));
    flawed({ ...strong, e: "AQ" });
    flawed({ ...strong, e: "Aw" });
    flawed({ ...strong, e: "AQAA" });
    flawed({ ...strong, e: "" });
    assert.equal(parseVerificationKeys(setOf(strong)).keys.length, 1);
  });

  it("ignores keys for other uses and algorithms", () => {
    flawed({ ...ec(), use: "enc" });
    flawed({ ...ec(), alg: "ECDH-ES" });
    flawed({ ...ec(), alg: "HS256" });
    flawed({ ...ec(), kid: 5 });
    flawed("key");
    flawed(null);
  });

  it("keeps a key once that the set lists several times, and both if their key ids differ", () => {
    const { keys, warnings } = parseVerificationKeys(
      setOf(good, { ...good, x5t: "a" }, { ...good, kid: "b" }),
    );
    assert.deepEqual(
      keys.map(({ kid }) => kid),
      ["good", "b"],
    );
    assert.deepEqual(warnings, ["key 2 of 3 is ignored: it repeats key 1"]);
  });

  it("passes on only the members that verification needs", () => {
    const [key] = parseVerificationKeys(setOf({ ...good, x5u: "https://evil.test", key_ops: ["sign"] })).keys;
    assert.deepEqual(Object.keys(key ?? {}).sort(), ["crv", "kid", "kty", "x", "y"]);
  });

  it("never quotes the text, which may be a token in the wrong place", () => {
    const error = throwsWithCode(() => parseVerificationKeys("eyJhbGciOi.secret"), "JWKS_UNUSABLE");
    assert.ok(!error.message.includes("eyJ") && error.cause === undefined);
  });

  it("rejects a text that is not a key set or contains no usable key", () => {
    const texts = [
      "",
      "[]",
      "{}",
      '{"keys":{}}',
      setOf(),
      setOf({ kty: "oct" }),
      "null",
      "{",
      setOf(...Array(101).fill(good)),
    ];
    for (const text of texts) throwsWithCode(() => parseVerificationKeys(text), "JWKS_UNUSABLE");
  });
});
