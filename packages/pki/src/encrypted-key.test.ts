import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { throwsWithCode } from "@kasbah/testkit";
import { tag } from "./der/tag.ts";
import { encode, encodeOid, encodeSequence } from "./der/writer.ts";
import { createKeyPair, parsePrivateKey } from "./key.ts";
import { oid } from "./oids.ts";
import { encodePem } from "./pem.ts";

const passphrase = "correct horse battery staple";
const openssl = (args: readonly string[], input: string) =>
  execFileSync("openssl", args, { input, encoding: "utf8" });
const topk8 = (...args: string[]) => ["pkcs8", "-topk8", "-passout", `pass:${passphrase}`, ...args];

/** An encrypted key that asks for so much work; what is encrypted does not matter. */
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

describe("an encrypted private key", () => {
  it("that asks for minutes of work is refused before anybody does it", () => {
    const keys = [
      asking(oid.pbkdf2, integer("7fffffff")),
      asking(oid.scrypt, integer("40000000"), integer("08"), integer("01")),
      asking(oid.scrypt, integer("4000"), integer("08"), integer("7fffff")),
      asking("1.2.3.4", integer("01")),
    ];
    for (const pem of keys) throwsWithCode(() => parsePrivateKey(pem, passphrase), "KEY_MALFORMED");
  });

  it("under a scheme of the last century is refused, with the command that converts it", async () => {
    const plain = (await createKeyPair("P-256")).toPkcs8Pem();
    const old = openssl(topk8("-v1", "PBE-SHA1-3DES"), plain);
    const { message } = throwsWithCode(() => parsePrivateKey(old, passphrase), "KEY_MALFORMED");
    assert.match(message, /openssl pkcs8 -topk8/);
  });

  it("that is no such structure at all is malformed", () => {
    const pem = encodePem("ENCRYPTED PRIVATE KEY", Buffer.from("3000", "hex"));
    throwsWithCode(() => parsePrivateKey(pem, passphrase), "KEY_MALFORMED");
  });

  for (const type of ["P-256", "P-384", "RSA-2048"] as const) {
    it(`of type ${type} is opened by OpenSSL and by us, and holds nothing in the clear`, async () => {
      const keyPair = await createKeyPair(type);
      const pem = await keyPair.toEncryptedPkcs8Pem(passphrase);
      assert.match(pem, /^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
      assert.equal(openssl(["pkey", "-passin", `pass:${passphrase}`], pem), keyPair.toPkcs8Pem());
      assert.ok(parsePrivateKey(pem, passphrase).publicKey.equals(keyPair.publicKey));
      throwsWithCode(() => parsePrivateKey(pem, "another"), "KEY_PASSPHRASE_WRONG");
    });
  }

  it("is derived by 600 000 rounds of PBKDF2 with SHA-256, and encrypted by AES-256", async () => {
    const pem = await (await createKeyPair("P-256")).toEncryptedPkcs8Pem(passphrase);
    const shown = openssl(["asn1parse"], pem);
    assert.match(
      shown,
      /:PBES2[\s\S]*:PBKDF2[\s\S]*INTEGER +:0927C0[\s\S]*:hmacWithSHA256[\s\S]*:aes-256-cbc/,
    );
  });

  it("differs each time, as its salt does", async () => {
    const keyPair = await createKeyPair("P-256");
    assert.notEqual(
      await keyPair.toEncryptedPkcs8Pem(passphrase),
      await keyPair.toEncryptedPkcs8Pem(passphrase),
    );
  });

  it("is read as OpenSSL writes it, by PBKDF2 and by scrypt", async () => {
    const keyPair = await createKeyPair("P-256");
    for (const args of [["-v2", "aes-256-cbc"], ["-scrypt"]]) {
      const pem = openssl(topk8(...args), keyPair.toPkcs8Pem());
      assert.ok(parsePrivateKey(pem, passphrase).publicKey.equals(keyPair.publicKey));
    }
  });
});
