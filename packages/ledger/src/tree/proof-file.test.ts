import assert from "node:assert/strict";
import { throwsWithCode } from "@kasbah/testkit";
import { changedProofs, newLogKey, sampleEntry, sampleProof, trusted } from "@kasbah/testkit/ledger";
import { formatVerifierKey } from "./note-key.ts";
import { formatProofFile, parseProofFile, verifyProofFile } from "./proof-file.ts";

const proof = sampleProof(5, 11);

describe("verifyProofFile", () => {
  it("rejects a proof file with any field changed", () => {
    let changes = 0;
    for (const [what, changed] of changedProofs(proof)) {
      assert.throws(() => verifyProofFile(changed, trusted), { name: "LedgerError" }, what);
      changes += 1;
    }
    assert.ok(changes > 80, `only ${changes} changes`);
  });

  it("rejects a proof file with any bit flipped, unless its meaning is unchanged", () => {
    const bytes = Buffer.from(proof);
    for (let at = 0; at < bytes.length; at += 1) {
      const text = Buffer.from(new Uint8Array(bytes).with(at, (bytes[at] ?? 0) ^ 1)).toString();
      try {
        const { entry } = verifyProofFile(text, trusted);
        assert.equal(entry, sampleEntry(5), text);
      } catch (error) {
        assert.ok(error instanceof Error && error.name === "LedgerError", `${error}`);
      }
    }
  });

  it("rejects a proof under another key or under an unreadable key", () => {
    const otherKey = formatVerifierKey(newLogKey().verifier);
    throwsWithCode(() => verifyProofFile(proof, otherKey), "PROOF_INVALID");
    throwsWithCode(() => verifyProofFile(proof, ""), "NOTE_MALFORMED");
    throwsWithCode(() => verifyProofFile(proof, `${trusted}\n`), "NOTE_MALFORMED");
  });

  it("names the failed check and never quotes unreadable input", () => {
    const { message } = throwsWithCode(() => parseProofFile("a secret {"), "PROOF_MALFORMED");
    assert.equal(message, "invalid proof file: it is not a JSON object");
    const other = proof.replace('"index": 5', '"index": 4');
    const { message: reason } = throwsWithCode(() => verifyProofFile(other, trusted), "PROOF_INVALID");
    assert.match(reason, /entry, index and path do not lead to the checkpoint's root/);
    throwsWithCode(() => parseProofFile(" ".repeat(4_000_001)), "PROOF_MALFORMED");
  });

  it("refuses to write a proof for an entry that is not text", () => {
    throwsWithCode(() => formatProofFile({ ...parseProofFile(proof), entry: "\ud800" }), "PROOF_MALFORMED");
    throwsWithCode(() => formatProofFile({ ...parseProofFile(proof), index: -1 }), "PROOF_MALFORMED");
  });

  it("verifies the proof of an entry at any place in trees of any shape", () => {
    for (const size of [1, 2, 3, 4, 7, 8, 9, 31]) {
      for (let index = 0; index < size; index += 1) {
        const proven = verifyProofFile(sampleProof(index, size), trusted);
        assert.deepEqual(proven, { origin: "ca.example/ledger", entry: sampleEntry(index), index, size });
      }
    }
  });

  it("reads back the proof file that it wrote", () => {
    assert.equal(formatProofFile(parseProofFile(proof)), proof);
  });
});
