import assert from "node:assert/strict";
import { appendFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rejectsWithCode } from "@kasbah/testkit";
import { entryLine, type SignedLedger, writeSignedLedger } from "@kasbah/testkit/ledger";
import { verifyProofFile } from "../tree/proof-file.ts";
import { proveEntry } from "./prove-entry.ts";

describe("proveEntry", () => {
  let ledger: SignedLedger;

  beforeEach(async () => {
    ledger = await writeSignedLedger(700);
  });

  afterEach(() => ledger.remove());

  const line = (index: number) => Buffer.from(entryLine(index).trimEnd());
  const prove = (index: number, bytes = line(index)) => proveEntry(ledger.directory, { index, line: bytes });

  it("rejects an entry that was changed since it was signed", async () => {
    await rejectsWithCode(prove(5, line(6)), "PROOF_INVALID");
    await writeFile(join(ledger.directory.path, "tile/0/000"), Buffer.alloc(256 * 32));
    await rejectsWithCode(prove(5), "LEDGER_DAMAGED");
  });

  it("rejects an entry that no checkpoint covers yet, and says when to retry", async () => {
    await appendFile(ledger.lastSegment, entryLine(700));
    const refusal = await rejectsWithCode(prove(700), "PROOF_INVALID");
    assert.match(refusal.message, /within a second/);
  });

  it("creates proofs that only the key is needed to verify, for any entry, even while the CA is writing", async () => {
    const key = (await readFile(ledger.directory.verifierKey, "utf8")).trim();
    await rm(join(ledger.directory.path, "tile/0/002.p"), { recursive: true });
    await appendFile(ledger.lastSegment, entryLine(700));
    for (const index of [0, 1, 255, 256, 511, 512, 699]) {
      const proven = verifyProofFile(await prove(index), key);
      assert.deepEqual([proven.index, proven.size, proven.entry], [index, 700, entryLine(index).trimEnd()]);
    }
  });
});
