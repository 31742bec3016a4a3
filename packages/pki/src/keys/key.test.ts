import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPrivateKey, generateKeyPairSync, verify } from "node:crypto";
import { inspect } from "node:util";
import { createKeyPair } from "./key.ts";
import { type KeyType, keyTypeNames } from "./key-types.ts";
import { parsePrivateKey } from "./private-key.ts";

describe("KeyPair", () => {
  it("shows only its type when printed, inspected or serialized", async () => {
    const keyPair = await createKeyPair("P-256");
    assert.equal(`${keyPair}`, "KeyPair(P-256)");
    assert.equal(JSON.stringify({ keyPair }), '{"keyPair":"KeyPair(P-256)"}');
    assert.equal(inspect({ keyPair }, { showHidden: true, depth: 9 }), "{ keyPair: KeyPair(P-256) }");
  });

  const encrypted = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "x" },
    publicKeyEncoding: { format: "pem", type: "spki" },
  });
  const malformed: Readonly<Record<string, string>> = {
    "empty text": "",
    "a public key": encrypted.publicKey,
    "a block of garbage": "-----BEGIN PRIVATE KEY-----\nAAEC\n-----END PRIVATE KEY-----\n",
    "a block under the wrong label": pemOf("P-256", "sec1").replaceAll("EC PRIVATE", "PRIVATE"),
    "two blocks": pemOf("P-256", "pkcs8") + pemOf("P-256", "pkcs8"),
  };
  for (const [what, pem] of Object.entries(malformed)) {
    it(`rejects a private key read from ${what}`, () => {
      assert.throws(() => parsePrivateKey(pem), { code: "KEY_MALFORMED" });
    });
  }

  it("rejects private keys of unsupported types and weak keys", () => {
    for (const pem of [pemOf("P-521", "pkcs8"), pemOf("secp256k1", "sec1"), rsaPem(1024, "pkcs1")]) {
      assert.throws(() => parsePrivateKey(pem), { code: "KEY_REJECTED" });
    }
  });

  it("rejects an encrypted key without its passphrase or with a wrong one", () => {
    assert.throws(() => parsePrivateKey(encrypted.privateKey), { code: "KEY_ENCRYPTED" });
    for (const wrong of ["y", "", "xx"]) {
      assert.throws(() => parsePrivateKey(encrypted.privateKey, wrong), { code: "KEY_PASSPHRASE_WRONG" });
    }
    assert.equal(parsePrivateKey(encrypted.privateKey, "x").publicKey.type, "P-256");
  });

  it("never includes the text of a key in an error", () => {
    const pem = pemOf("P-256", "pkcs8");
    const line = pem.split("\n")[1] ?? "";
    assert.throws(
      () => parsePrivateKey(`${pem}${pem}`),
      (error) => line !== "" && !inspect(error, { depth: 9, showHidden: true }).includes(line),
    );
  });

  it("reads private keys from PKCS#8, SEC1 and PKCS#1", () => {
    assert.equal(parsePrivateKey(pemOf("P-256", "pkcs8")).publicKey.type, "P-256");
    assert.equal(parsePrivateKey(pemOf("P-384", "sec1")).publicKey.type, "P-384");
    assert.equal(parsePrivateKey(rsaPem(2048, "pkcs1")).publicKey.type, "RSA-2048");
    assert.equal(parsePrivateKey(rsaPem(2048, "pkcs8")).publicKey.type, "RSA-2048");
  });

  for (const [type, hash] of [
    ["P-256", "sha256"],
    ["P-384", "sha384"],
    ["RSA-2048", "sha256"],
  ] as const) {
    it(`signs with ${hash} and a ${type} key, and reads back its own PEM`, async () => {
      const keyPair = await createKeyPair(type);
      const data = Buffer.from("data");
      assert.ok(verify(hash, data, keyPair.publicKey.keyObject, keyPair.sign(data)));
      assert.ok(parsePrivateKey(keyPair.toPkcs8Pem()).publicKey.equals(keyPair.publicKey));
      assert.equal(createPrivateKey(keyPair.toPkcs8Pem()).type, "private");
    });
  }

  const traditional: Readonly<Record<KeyType, string>> = {
    "P-256": "EC PRIVATE KEY",
    "P-384": "EC PRIVATE KEY",
    "RSA-2048": "RSA PRIVATE KEY",
    "RSA-3072": "RSA PRIVATE KEY",
    "RSA-4096": "RSA PRIVATE KEY",
  };
  for (const type of keyTypeNames) {
    it(`writes a ${type} key as ${traditional[type]} and as PKCS#8, and OpenSSL and our parser read the same key`, async () => {
      const keyPair = await createKeyPair(type);
      for (const [format, label] of [
        ["traditional", traditional[type]],
        ["pkcs8", "PRIVATE KEY"],
      ] as const) {
        const pem = keyPair.toPem(format);
        assert.ok(pem.startsWith(`-----BEGIN ${label}-----\n`), `${format} has another PEM label`);
        assert.ok(parsePrivateKey(pem).publicKey.equals(keyPair.publicKey));
        const spki = execFileSync("openssl", ["pkey", "-pubout", "-outform", "DER"], { input: pem });
        assert.deepEqual(new Uint8Array(spki), keyPair.publicKey.spki);
      }
    });
  }
});

function pemOf(namedCurve: string, type: "pkcs8" | "sec1"): string {
  return generateKeyPairSync("ec", { namedCurve }).privateKey.export({ format: "pem", type }).toString();
}

function rsaPem(modulusLength: number, type: "pkcs8" | "pkcs1"): string {
  return generateKeyPairSync("rsa", { modulusLength }).privateKey.export({ format: "pem", type }).toString();
}
