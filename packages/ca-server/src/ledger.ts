// What the operator's command may do with a ledger, without a server.
export { type DecisionView, decisionView } from "./admission/decision-view.ts";
export { StateError } from "./errors.ts";
export type { DecisionEntry } from "./ledger/decisions.ts";
export type {
  AuthorityEntry,
  IssuedEntry,
  LedgerEntry,
  OperatorEntry,
  RefusedEntry,
} from "./ledger/entry.ts";
export type { CatchUpProgress } from "./ledger/index/catch-up.ts";
export type { LedgerReader } from "./ledger/reader/ledger-reader.ts";
export { openLedgerForReading } from "./ledger/reader/open-ledger.ts";
export type { Found } from "./ledger/reader/slot-reader.ts";
export type { LedgerTail } from "./ledger/reader/tail.ts";
