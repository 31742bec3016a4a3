// What the operator's command may do with a ledger, without a server.
export { type DecisionView, decisionView } from "./admission/decision-view.ts";
export { LedgerError, type LedgerErrorCode, StateError } from "./errors.ts";
export type { DecisionEntry } from "./ledger/decisions.ts";
export type {
  AuthorityEntry,
  IssuedEntry,
  LedgerEntry,
  OperatorEntry,
  RefusedEntry,
} from "./ledger/entry.ts";
export type { CatchUpProgress } from "./ledger/index/catch-up.ts";
export { EntryError, readEntryValue } from "./ledger/parse-entry.ts";
export type { LedgerReader } from "./ledger/reader/ledger-reader.ts";
export { openLedgerForReading, type Slot, slotsOf } from "./ledger/reader/open-ledger.ts";
export type { Found } from "./ledger/reader/slot-reader.ts";
export type { LedgerTail } from "./ledger/reader/tail.ts";
export { type Checkpoint, openCheckpoint } from "./ledger/tree/checkpoint.ts";
export { type NoteVerifier, parseVerifierKey } from "./ledger/tree/note-key.ts";
export type { Finding, LedgerVerdict } from "./ledger/verify/finding.ts";
export { proveEntry } from "./ledger/verify/prove-entry.ts";
export { verifyLedger } from "./ledger/verify/verify-ledger.ts";
