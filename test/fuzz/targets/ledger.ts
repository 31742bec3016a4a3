import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { EntryError, encodeEntry, type LedgerEntry, openCheckpoint, parseEntry } from "@kasbah/ledger";
import {
  createNoteKey,
  formatProofFile,
  formatVerifierKey,
  leafHash,
  signCheckpoint,
  verifyProofFile,
} from "@kasbah/ledger/tree";
import { jsonMutants, textMutants } from "../mutants.ts";
import { bytesOf, read, type Target, textOf } from "../target.ts";

const time = "2030-01-01T00:00:00.000Z";
const hash = "ab".repeat(32);
const spiffeId = "spiffe://cluster.local/ns/demo/sa/frontend";
const pod = { name: "frontend-1", uid: "0000" };
const caller = { spiffeId, kind: "kubernetes-token", tokenIdHash: hash, pod, node: "node-1" } as const;
const call = { referenceId: "abc123", peerAddress: "10.0.0.1:5", caller, spiffeId };
const entries: readonly LedgerEntry[] = [
  {
    ...{ v: 2, kind: "issued", time, ...call, serial: "01ab", fingerprint: hash, spkiHash: hash },
    ...{ notBefore: time, notAfter: time, authority: hash, rule: "default", ignored: ["subject"] },
  },
  { v: 2, kind: "refused", time, ...call, code: "TTL_TOO_LONG", problem: "too long", causes: ["\u2028"] },
  {
    v: 2,
    kind: "operator",
    time,
    act: "rotate",
    arguments: { kind: "root", ifEpoch: 3 },
    outcome: "accepted",
  },
  {
    v: 2,
    kind: "authority",
    time,
    authority: "root-1",
    fingerprint: hash,
    stage: "active",
    signs: true,
    epoch: 1,
  },
];

/** The entries that `audit` reads from a disk to which others may have written. */
export const ledgerEntry: Target = {
  name: "ledger-entry",
  valid: entries.map(encodeEntry),
  inputs: jsonMutants(entries.map(encodeEntry)),
  check(line) {
    const entry = read(
      () => parseEntry(line),
      (error) => error instanceof EntryError,
    )?.value;
    if (entry === undefined) return "refused";
    // Two encodings of one entry would produce two leaves; the first release wrote the members in another
    // order.
    if (entry.v > 1) assert.deepEqual(Buffer.from(encodeEntry(entry)), Buffer.from(line));
    return "accepted";
  },
};

const key = createNoteKey("ca.example/ledger", generateKeyPairSync("ed25519").privateKey);
const trusted = formatVerifierKey(key.verifier);
const head = { origin: key.verifier.name, size: 1, root: leafHash(Buffer.from("an entry")) };
const note = signCheckpoint(head, key);
const proof = formatProofFile({
  entry: "an entry",
  index: 0,
  size: 1,
  path: [],
  checkpoint: note,
  key: trusted,
});

/** A checkpoint from any source: regardless of other content, only the signed text may be trusted. */
export const checkpointNote: Target = {
  name: "checkpoint",
  valid: [bytesOf(note)],
  inputs: textMutants([bytesOf(note)], ["\n", "— ", "ca.example/ledger", " ", "1", "AAAA"]),
  check(text) {
    const opened = read(() => openCheckpoint(text, key.verifier, key.verifier.name))?.value;
    if (opened === undefined) return "refused";
    assert.deepEqual(
      { ...opened, root: Buffer.from(opened.root) },
      { ...head, root: Buffer.from(head.root) },
    );
    return "accepted";
  },
};

export const proofFile: Target = {
  name: "proof-file",
  valid: [bytesOf(proof)],
  inputs: jsonMutants([bytesOf(proof)]),
  check(text) {
    const proven = read(() => verifyProofFile(textOf(text), trusted))?.value;
    if (proven === undefined) return "refused";
    assert.equal(proven.entry, "an entry");
    return "accepted";
  },
};
