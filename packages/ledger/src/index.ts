export { openLedgerKey, readLedgerVerifier } from "./checkpoints/ledger-key.ts";
export { TreeKeeper } from "./checkpoints/tree-keeper.ts";
export { isNamed, newestDecision, parseCallName } from "./entry/call-name.ts";
export { encodeEntry } from "./entry/encode-entry.ts";
export {
  type AuthorityEntry,
  type CallerEntry,
  type CredentialKind,
  type DecisionEntry,
  entryVersion,
  type IssuedEntry,
  type LedgerEntry,
  maxEntryBytes,
  type OperatorEntry,
  type RefusedEntry,
} from "./entry/entry.ts";
export {
  acceptLossAct,
  gapAct,
  isLedgerAct,
  type LedgerAct,
  ledgerAct,
  peerLostAct,
  peerReplacedAct,
  prunedAct,
  tailAct,
} from "./entry/ledger-act.ts";
export { EntryError, parseEntry, readEntryValue } from "./entry/parse-entry.ts";
export { hostOf } from "./entry/peer-host.ts";
export { type ServingFacts, servingEntry, servingFactsOf } from "./entry/serving-entry.ts";
export { LedgerError, type LedgerErrorCode } from "./errors.ts";
export { AuditIndex } from "./index/audit-index.ts";
export { type CatchUpProgress, catchUp } from "./index/catch-up.ts";
export {
  holdsEntries,
  type LedgerDirectory,
  ledgerDirectoryAt,
  ledgersIn,
  prepareLedgerDirectory,
} from "./ledger-directory.ts";
export { type AnchorStore, type LedgerAnchor, type LedgerLoss, noAnchors } from "./opening/anchor.ts";
export { AnchorWriter } from "./opening/anchor-writer.ts";
export { anchorOfCopy, CheckpointCopy } from "./opening/checkpoint-copy.ts";
export { type CheckpointTarget, copyName, fileTarget, headOfNote } from "./opening/checkpoint-target.ts";
export { findDamage } from "./opening/find-damage.ts";
export { LedgerOpening } from "./opening/ledger-opening.ts";
export type {
  EntryIndex,
  EntryLog,
  EntryStore,
  Found,
  Holder,
  LedgerReader,
  LedgerTail,
  NewestOfName,
} from "./ports.ts";
export { type LedgerVisitor, readLedgerEnd } from "./reader/ledger-end.ts";
export { openLedgerForReading, type Slot, slotsOf } from "./reader/open-ledger.ts";
export { readHolders } from "./reader/read-holders.ts";
export { type StoredIndex, withStoredIndex } from "./reader/stored-index.ts";
export { createSegmentLog, createSegmentStore } from "./segment-store.ts";
export { type ActLog, actsOf } from "./segments/acts.ts";
export { openSegmentFile } from "./segments/file.ts";
export { listSegments, type Segment, segmentPath } from "./segments/list.ts";
export { SegmentLog } from "./segments/log.ts";
export { readEntry } from "./segments/read-entry.ts";
export { openSegmentLines, readLines } from "./segments/reader.ts";
export { ledgerBytes } from "./space/ledger-bytes.ts";
export type { SpaceUse } from "./space/ledger-space.ts";
export { freeBytesOf, type LedgerLimit } from "./space/limit.ts";
export { type Checkpoint, openCheckpoint } from "./tree/checkpoint.ts";
export { type NoteVerifier, parseVerifierKey } from "./tree/note-key.ts";
export {
  type DroppedRefusals,
  isDropped,
  type UnauthenticatedLine,
} from "./unauthenticated/dropped-refusals.ts";
export { RefusalLog } from "./unauthenticated/refusal-log.ts";
export type { Finding, LedgerVerdict } from "./verify/finding.ts";
export type { KnownHead } from "./verify/known-heads.ts";
export { verifyLedger } from "./verify/verify-ledger.ts";
export { type VolumeBytes, volumeOf } from "./volume/volume.ts";
