import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { throwsWithCode } from "@kasbah/testkit";
import { tag } from "../../der/tag.ts";
import { encode, encodeOid, encodeSequence } from "../../der/writer.ts";
import { oid } from "../../oids.ts";
import { encodePem } from "../../pem/pem.ts";
import { createKeyPair } from "../key.ts";
import { parsePrivateKey } from "../private-key.ts";

const passphrase = "correct horse battery staple";
const openssl = (args: readonly string[], input: string) =>
  execFileSync("openssl", args, { input, encoding: "utf8", stdio: "pipe" });
const topk8 = (...args: string[]) => ["pkcs8", "-topk8", "-passout", `pass:${passphrase}`, ...args];

/** An encrypted key that demands this much work. The encrypted content does not matter. */
function asking(derivation: string, ...parameters: Uint8Array[]): string {
  const kdf = encodeSequence(
    encodeOid(derivation),
    encodeSequence(encode(tag.octetString, new Uint8Array(16)), ...parameters),
  );
  const encryption = encodeSequence(encodeOid(oid.aes256Cbc), encode(tag.octetString, new Uint8Array(16)));
  const scheme = encodeSequence(encodeOid(oid.pbes2), encodeSequence(kdf, encryption));
  return encodePem(
    "ENCRYPTED PRIVATE KEY",
    encodeSequence(scheme, encode(tag.octetString, new Uint8Array(48))),
  );
}

const integer = (digits: string) => encode(tag.integer, Buffer.from(digits, "hex"));

describe("parsePrivateKey of an encrypted key", () => {
  it("rejects a key that demands minutes of work before doing any of it", () => {
    const keys = [
      asking(oid.pbkdf2, integer("7fffffff")),
      asking(oid.scrypt, integer("40000000"), integer("08"), integer("01")),
      asking(oid.scrypt, integer("4000"), integer("08"), integer("7fffff")),
      asking(oid.scrypt, integer("010000"), integer("08"), integer("01")),
      asking(oid.scrypt, integer("00ffffffffffffffff"), integer("01"), integer("01")),
      asking(oid.pbkdf2, integer("00989681")),
      asking(oid.pbkdf2, integer("00")),
      asking(oid.pbkdf2),
      asking("1.2.3.4", integer("01")),
    ];
    for (const pem of keys) throwsWithCode(() => parsePrivateKey(pem, passphrase), "KEY_MALFORMED");
  });

  it("rejects an obsolete encryption scheme and names the command that converts the key", async () => {
    const plain = (await createKeyPair("P-256")).toPkcs8Pem();
    for (const scheme of [
      ["-v1", "PBE-SHA1-3DES"],
      ["-v2", "des3"],
    ]) {
      const old = openssl(topk8(...scheme), plain);
      const { message } = throwsWithCode(() => parsePrivateKey(old, passphrase), "KEY_MALFORMED");
      assert.match(message, /openssl pkcs8 -topk8/);
    }
  });

  it("rejects OpenSSL's form from before PKCS #8 and names the command that converts the key", async () => {
    for (const [type, command] of [
      ["P-256", "ec"],
      ["RSA-2048", "rsa"],
    ] as const) {
      const plain = (await createKeyPair(type)).toPkcs8Pem();
      const extra = command === "rsa" ? ["-traditional"] : [];
      const old = openssl([command, "-aes256", "-passout", `pass:${passphrase}`, ...extra], plain);
      const { message } = throwsWithCode(() => parsePrivateKey(old, passphrase), "KEY_ENCRYPTED");
      assert.match(message, /openssl pkcs8 -topk8/);
    }
  });

  it("refuses to encrypt a key with a passphrase that OpenSSL cannot read", async () => {
    const keyPair = await createKeyPair("P-256");
    for (const unusable of ["", "x".repeat(1025), "é".repeat(513)]) {
      await assert.rejects(keyPair.toEncryptedPkcs8Pem(unusable), RangeError);
    }
    for (const usable of ["x".repeat(1024), "pässwörd", Uint8Array.of(0xff, 0, 0x0a)]) {
      const pem = await keyPair.toEncryptedPkcs8Pem(usable);
      assert.ok(parsePrivateKey(pem, usable).publicKey.equals(keyPair.publicKey));
    }
  });

  it("decrypts a key before it rejects the unsupported type", () => {
    const args = ["genpkey", "-algorithm", "ED25519", "-aes-256-cbc", "-pass", `pass:${passphrase}`];
    throwsWithCode(() => parsePrivateKey(openssl(args, ""), passphrase), "KEY_REJECTED");
  });

  it("rejects as malformed a block that is not an EncryptedPrivateKeyInfo", () => {
    const pem = encodePem("ENCRYPTED PRIVATE KEY", Buffer.from("3000", "hex"));
    throwsWithCode(() => parsePrivateKey(pem, passphrase), "KEY_MALFORMED");
  });

  for (const type of ["P-256", "P-384", "RSA-2048"] as const) {
    it(`encrypts a ${type} key so that OpenSSL and our parser can decrypt it and no key byte is in the clear`, async () => {
      const keyPair = await createKeyPair(type);
      const pem = await keyPair.toEncryptedPkcs8Pem(passphrase);
      assert.match(pem, /^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
      assert.equal(openssl(["pkey", "-passin", `pass:${passphrase}`], pem), keyPair.toPkcs8Pem());
      assert.ok(parsePrivateKey(pem, passphrase).publicKey.equals(keyPair.publicKey));
      throwsWithCode(() => parsePrivateKey(pem, "another"), "KEY_PASSPHRASE_WRONG");
    });
  }

  it("encrypts with AES-256 and a key from 600 000 rounds of PBKDF2 with SHA-256", async () => {
    const pem = await (await createKeyPair("P-256")).toEncryptedPkcs8Pem(passphrase);
    const shown = openssl(["asn1parse"], pem);
    assert.match(
      shown,
      /:PBES2[\s\S]*:PBKDF2[\s\S]*INTEGER +:0927C0[\s\S]*:hmacWithSHA256[\s\S]*:aes-256-cbc/,
    );
  });

  it("produces different output each time, because the salt differs", async () => {
    const keyPair = await createKeyPair("P-256");
    assert.notEqual(
      await keyPair.toEncryptedPkcs8Pem(passphrase),
      await keyPair.toEncryptedPkcs8Pem(passphrase),
    );
  });

  it("decrypts keys that OpenSSL encrypts with PBKDF2 or scrypt", async () => {
    const keyPair = await createKeyPair("P-256");
    for (const args of [
      ["-v2", "aes-256-cbc"],
      ["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"],
      ["-scrypt"],
    ]) {
      const pem = openssl(topk8(...args), keyPair.toPkcs8Pem());
      assert.ok(parsePrivateKey(pem, passphrase).publicKey.equals(keyPair.publicKey));
    }
  });
});
