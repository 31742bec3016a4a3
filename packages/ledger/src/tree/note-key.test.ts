import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { throwsWithCode } from "@kasbah/testkit";
import { createNoteKey, formatVerifierKey, parseVerifierKey } from "./note-key.ts";

/** The key from the example in Go's sumdb/note, whose signer prints this verifier key. */
const peterNeumann = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

const sample = createNoteKey("ca.example/ledger", generateKeyPairSync("ed25519").privateKey);
const vkey = formatVerifierKey(sample.verifier);

describe("parseVerifierKey", () => {
  it("rejects a key whose id does not match its name and key", () => {
    const [name, id, key] = peterNeumann.split("+");
    for (const changed of [
      `PeterNeumanN+${id}+${key}`,
      `${name}+c74f20a4+${key}`,
      `${name}+${id}+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TX`,
    ]) {
      const { message } = throwsWithCode(() => parseVerifierKey(changed), "NOTE_MALFORMED");
      assert.match(message, /its id does not match/);
    }
  });

  it("rejects every form but the canonical one", () => {
    const key = "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    for (const changed of [
      "",
      "+",
      "++",
      "PeterNeumann",
      "PeterNeumann+c74f20a3",
      "PeterNeumann+c74f20a3+",
      `+c74f20a3+${key}`,
      `PeterNeumann+C74F20A3+${key}`,
      `PeterNeumann+c74f20a+${key}`,
      `PeterNeumann+0c74f20a3+${key}`,
      ` ${peterNeumann}`,
      `${peterNeumann}\n`,
      `${peterNeumann}+`,
      `${peterNeumann}=`,
      peterNeumann.replace("/", "_"),
      "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q=",
      `PeterNeumann+c74f20a3+${Buffer.concat([Uint8Array.of(2), Buffer.from(key, "base64").subarray(1)]).toString("base64")}`,
    ]) {
      throwsWithCode(() => parseVerifierKey(changed), "NOTE_MALFORMED");
    }
  });

  it("refuses to create a key with a name that would end a signature line early", () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    for (const name of ["", " ", "a b", "a+b", "a\n", "a\u0000", "a\u00a0b", "a\u2003", "a\u0085b", "\ud800"])
      throwsWithCode(() => createNoteKey(name, privateKey), "NOTE_MALFORMED");
  });

  it("refuses to create a key from anything but an Ed25519 private key", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const { privateKey: other } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    for (const key of [publicKey, other, createPublicKey(privateKey)])
      assert.throws(() => createNoteKey("a", key), TypeError);
  });

  it("reads and writes verifier keys as Go does", () => {
    assert.equal(formatVerifierKey(parseVerifierKey(peterNeumann)), peterNeumann);
    assert.equal(formatVerifierKey(parseVerifierKey(vkey)), vkey);
  });

  it("derives the verifier key of the private key in Go's example", () => {
    // PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz, published in Go's documentation.
    const seed = Buffer.from("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz", "base64").subarray(1);
    const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
    const key = createNoteKey("PeterNeumann", createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
    assert.equal(formatVerifierKey(key.verifier), peterNeumann);
  });
});
