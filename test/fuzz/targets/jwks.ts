import assert from "node:assert/strict";
import { createPublicKey, X509Certificate } from "node:crypto";
import { parseVerificationKeys } from "../../../packages/ca-server/src/authn/jwks/key-set.ts";
import { leafDer, operatorRootDer, rootDer } from "../corpus.ts";
import { fixedEd25519Key, fixedP256Key } from "../fixed-keys.ts";
import { jsonMutants } from "../mutants.ts";
import { bytesOf, read, type Target, textOf } from "../target.ts";

const publicKeys = [
  createPublicKey(fixedP256Key("jwks")),
  createPublicKey(fixedEd25519Key("jwks")),
  ...[leafDer, rootDer, operatorRootDer].map((der) => new X509Certificate(der).publicKey),
];
const keys = publicKeys.map((key, index) => ({
  ...key.export({ format: "jwk" }),
  kid: `k${index}`,
  use: "sig",
}));
const valid = [
  ...keys.map((key) => JSON.stringify({ keys: [key] })),
  JSON.stringify({ keys: [...keys, { kty: "oct", k: "AA" }] }),
].map(bytesOf);

export const jwks: Target = {
  name: "jwks",
  valid,
  inputs: jsonMutants(valid),
  check(text) {
    const set = read(() => parseVerificationKeys(textOf(text)));
    if (set === undefined) return "refused";
    assert.ok(set.value.keys.length > 0);
    for (const key of set.value.keys) {
      const { asymmetricKeyDetails: details } = createPublicKey({ key: { ...key }, format: "jwk" });
      assert.ok((details?.modulusLength ?? 2048) >= 2048 && (details?.publicExponent ?? 65_537n) >= 65_537n);
      assert.ok(!("d" in key) && !("k" in key), "a private member was passed on");
    }
    return "accepted";
  },
};
