import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { throwsWithCode } from "@kasbah/testkit";
import fc from "fast-check";
import { openNote, signNote } from "./note.ts";
import { createNoteKey, formatVerifierKey, type NoteKey, parseVerifierKey } from "./note-key.ts";

const newKey = (name: string): NoteKey => createNoteKey(name, generateKeyPairSync("ed25519").privateKey);
const key = newKey("ca.example/ledger");
const { verifier } = key;
const text =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const note = signNote(text, key);
const signature = note.slice(text.length + 1);

/** The note and verifier key from Go's documentation of sumdb/note. */
const goVerifier = parseVerifierKey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
const goNote = `${text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

const malformed = (changed: string | Uint8Array) =>
  throwsWithCode(() => openNote(changed, [verifier]), "NOTE_MALFORMED");
const unverified = (changed: string | Uint8Array, known = [verifier]) =>
  throwsWithCode(() => openNote(changed, known), "NOTE_UNVERIFIED");

describe("openNote", () => {
  it("rejects a note with any single bit flipped", () => {
    const bytes = Buffer.from(note);
    for (let at = 0; at < bytes.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const changed = new Uint8Array(bytes).with(at, (bytes[at] ?? 0) ^ (1 << bit));
        assert.throws(() => openNote(changed, [verifier]), /invalid signed note|not signed by a trusted key/);
      }
    }
  });

  it("rejects a note truncated at any byte", () => {
    for (let length = 0; length < note.length; length += 1)
      assert.throws(() => openNote(note.slice(0, length), [verifier]), { name: "LedgerError" });
  });

  it("rejects control characters and encodings other than UTF-8", () => {
    for (const character of ["\0", "\t", "\r", "\u000b", "\u001f", "\ud800"]) {
      malformed(`${character}${note}`);
      malformed(note.replace("cryptography", `crypto${character}graphy`));
      malformed(`${note}${character}`);
      throwsWithCode(() => signNote(`a${character}b\n`, key), "NOTE_MALFORMED");
    }
    malformed(Buffer.concat([Buffer.from([0xff]), Buffer.from(note)]));
    malformed(Buffer.from(note, "utf16le"));
    unverified(`\ufeff${note}`);
    unverified(Buffer.from(`\ufeff${note}`));
  });

  it("rejects every form but the canonical one", () => {
    malformed("");
    malformed(text);
    malformed(`${text}\n`);
    malformed(`${text}${signature}`);
    malformed(`${text}\n\n`);
    malformed(`${note}\n`);
    malformed(note.slice(0, -1));
    malformed(note.replace("— ", "- "));
    malformed(note.replace("— ", "—"));
    malformed(note.replace("— ", "—  "));
    malformed(note.replace("\n— ", "\n — "));
    malformed(`${note}then more\n`);
    malformed(note.replace(/\n$/, " \n"));
    malformed(note.replace(/\n$/, "=\n"));
    malformed(`${text}\n— ${verifier.name} AAAAAA==\n`);
    malformed(`${text}\n— a+b ${signature.split(" ")[2]}`);
    malformed(`${text}\n— a\u00a0b ${signature.split(" ")[2]}`);
    throwsWithCode(() => signNote("no line feed", key), "NOTE_MALFORMED");
    throwsWithCode(() => signNote("", key), "NOTE_MALFORMED");
  });

  it("rejects a note that is too long or has too many signatures before reading it", () => {
    malformed("a".repeat(1_000_001));
    malformed(`${text}\n${signature.repeat(101)}`);
    assert.equal(openNote(`${text}\n${signature.repeat(100)}`, [verifier]).verifiedBy.length, 1);
  });

  it("rejects a note if a trusted key's signature is for another text, regardless of other signatures", () => {
    const other = newKey("witness.example");
    const lines = (...signed: readonly string[]) => `${text}\n${signed.join("")}`;
    const foreign = signNote("another text\n", key).slice("another text\n".length + 1);
    const witness = signNote(text, other).slice(text.length + 1);
    const both = [verifier, other.verifier];
    unverified(lines(foreign));
    unverified(lines(foreign, witness), both);
    unverified(lines(witness, foreign), both);
    unverified(lines(signature, foreign), both);
    unverified(lines(foreign, signature), both);
  });

  it("rejects signatures of another length", () => {
    const bytes = Buffer.from(signature.split(" ")[2] ?? "", "base64");
    for (const length of [5, 36, 67, 69, 132]) {
      const changed = Buffer.concat([bytes, Buffer.alloc(64)], length).toString("base64");
      unverified(`${text}\n— ${verifier.name} ${changed}\n`);
    }
  });

  it("rejects a note without a trusted signature", () => {
    const otherKey = newKey("ca.example/ledger");
    unverified(signNote(text, otherKey));
    unverified(signNote(text, newKey("other.example")));
    unverified(note, []);
    assert.match(
      unverified(note, [otherKey.verifier]).message,
      /expected a signature of ca\.example\/ledger\+/,
    );
  });

  it("matches keys by name and id together", () => {
    const id = Buffer.from(verifier.id, "hex");
    const forged = Buffer.concat([id, Buffer.alloc(64)]).toString("base64");
    const opened = openNote(`${note}— other.example ${forged}\n`, [verifier]);
    assert.deepEqual(opened.verifiedBy, [verifier]);
    const sameName = signNote(text, newKey("ca.example/ledger")).slice(text.length + 1);
    assert.deepEqual(openNote(`${text}\n${sameName}${signature}`, [verifier]).verifiedBy, [verifier]);
  });

  it("returns the text, and each signing key once", () => {
    const other = newKey("witness.example");
    const witness = signNote(text, other).slice(text.length + 1);
    const opened = openNote(`${text}\n${witness}${signature}${signature}${witness}`, [
      verifier,
      other.verifier,
    ]);
    assert.equal(opened.text, text);
    assert.deepEqual(opened.verifiedBy, [other.verifier, verifier]);
  });

  it("allows empty lines and any alphabet in the text", () => {
    for (const said of ["\n", "\n\n", "a\n\nb\n", `${note}`, "sì\n", "— x y\n", "𝄞\n"])
      assert.equal(openNote(signNote(said, key), [verifier]).text, said);
  });

  it("opens a note as a string or as bytes", () => {
    assert.deepEqual(openNote(Buffer.from(note), [verifier]), openNote(note, [verifier]));
  });

  it("opens the note from Go's documentation", () => {
    assert.deepEqual(openNote(goNote, [goVerifier]), { text, verifiedBy: [goVerifier] });
  });

  it("either opens arbitrary input or fails with a LedgerError", () => {
    const line = fc.constantFrom("— ca.example/ledger ", "— ", "\n", "\n\n", signature, text, "AAAA", "—");
    fc.assert(
      fc.property(fc.array(fc.oneof(line, fc.string()), { maxLength: 8 }), (parts) => {
        try {
          assert.equal(openNote(parts.join(""), [verifier]).text, text);
        } catch (error) {
          assert.ok(error instanceof Error && error.name === "LedgerError", `${error}`);
        }
      }),
    );
  });

  it("signs notes with the id of the verifier key", () => {
    assert.ok(formatVerifierKey(verifier).startsWith(`ca.example/ledger+${verifier.id}+`));
    const [, , encoded = ""] = signature.split(" ");
    assert.equal(Buffer.from(encoded, "base64").subarray(0, 4).toString("hex"), verifier.id);
  });
});
