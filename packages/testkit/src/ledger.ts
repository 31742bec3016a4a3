// Ledgers on disk and proofs, for tests of the ledger and its readers.
export {
  NaiveTree,
  naiveLeaf,
  naiveNode,
  referenceEntries,
  referenceRoots,
  splitOf,
} from "./ledger/naive-tree.ts";
export {
  changedProofs,
  logKey,
  newLogKey,
  sampleEntry,
  sampleProof,
  trusted,
} from "./ledger/sample-proof.ts";
export {
  entryLine,
  type LedgerPlan,
  type SignedLedger,
  segmentEntries,
  writeSignedLedger,
} from "./ledger/signed-ledger.ts";
export {
  authorityStage,
  issued,
  noon,
  refused,
  sha256,
  spiffe,
  WrittenLedger,
} from "./ledger/written-ledger.ts";
