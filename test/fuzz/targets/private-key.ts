import assert from "node:assert/strict";
import { createCipheriv, createHash, pbkdf2Sync, verify } from "node:crypto";
import { encodePem, parsePemBlock, parsePrivateKey } from "@kasbah/pki";
import { integer, octets, oid, sequence, tlv } from "@kasbah/testkit/csr";
import { fixedP256Key } from "../fixed-keys.ts";
import { derMutants, textMutants } from "../mutants.ts";
import { bytesOf, read, type Target, textOf, type Verdict } from "../target.ts";

const passphrase = "correct horse battery staple";
const encryptedLabel = "ENCRYPTED PRIVATE KEY";
const key = fixedP256Key("private key");
const plain = key.export({ format: "der", type: "pkcs8" });
const sec1 = key.export({ format: "der", type: "sec1" });
const encrypted = encrypt(plain, 3);

/** The parser limits the cost of a damaged iteration count to ten million iterations. */
const budgetMs = 20_000;
const pems = [
  encodePem(encryptedLabel, encrypted),
  encodePem("PRIVATE KEY", plain),
  encodePem("EC PRIVATE KEY", sec1),
];
const words = [
  "-----BEGIN ",
  "ENCRYPTED ",
  "RSA ",
  "EC ",
  "Proc-Type: 4,ENCRYPTED\n",
  "\n\n",
  "\r\n",
  "\u0000",
];

/** A passphrase-encrypted key with few iterations, as DER. */
export const encryptedKey: Target = {
  name: "encrypted-key",
  valid: [encrypted],
  inputs: derMutants([encrypted]),
  check: (der) => judge(encodePem(encryptedLabel, der)),
  budgetMs,
};

/** Unencrypted keys, as DER. */
export const plainKey: Target = {
  name: "plain-key",
  valid: [new Uint8Array(plain)],
  inputs: derMutants([new Uint8Array(plain)]),
  check: (der) => judge(encodePem("PRIVATE KEY", der)),
};

export const keyPem: Target = {
  name: "key-pem",
  valid: pems.map(bytesOf),
  inputs: textMutants(pems.map(bytesOf), words),
  check: (pem) => judge(textOf(pem)),
  budgetMs,
};

function judge(pem: string): Verdict {
  const parsed = read(() => parsePrivateKey(pem, passphrase));
  if (parsed === undefined) return "refused";
  const { value } = parsed;
  const data = Buffer.from("anything");
  const { hash } = value.publicKey.algorithm.signature;
  const fits = verify(hash, data, value.publicKey.keyObject, value.sign(data));
  assert.ok(fits, "the public key does not match the private key");
  const again = parsePrivateKey(value.toPkcs8Pem());
  assert.ok(again.publicKey.equals(value.publicKey), "its PEM is another key");
  assert.ok(parsePemBlock(value.toPkcs8Pem(), "PRIVATE KEY").length > 0);
  return "accepted";
}

/** EncryptedPrivateKeyInfo with PBES2, with a fixed salt and initialization vector. */
function encrypt(content: Uint8Array, iterations: number): Uint8Array {
  const salt = createHash("sha256").update("salt").digest().subarray(0, 16);
  const iv = createHash("sha256").update("iv").digest().subarray(0, 16);
  const cipher = createCipheriv("aes-256-cbc", pbkdf2Sync(passphrase, salt, iterations, 32, "sha256"), iv);
  const data = Buffer.concat([cipher.update(content), cipher.final()]);
  const hmac = sequence(oid("1.2.840.113549.2.9"), tlv(0x05));
  const derivation = sequence(
    oid("1.2.840.113549.1.5.12"),
    sequence(octets(salt), integer(iterations.toString(16)), hmac),
  );
  const scheme = sequence(oid("2.16.840.1.101.3.4.1.42"), octets(iv));
  return new Uint8Array(
    sequence(sequence(oid("1.2.840.113549.1.5.13"), sequence(derivation, scheme)), octets(data)),
  );
}
