import { MeshError } from "@kasbah/pki";

/** The reason why the ledger, or a proof from it, cannot be used or trusted. */
export type LedgerErrorCode =
  | "LEDGER_DAMAGED"
  | "LEDGER_UNAVAILABLE"
  | "NOTE_MALFORMED"
  | "NOTE_UNVERIFIED"
  | "CHECKPOINT_INVALID"
  | "PROOF_MALFORMED"
  | "PROOF_INVALID"
  | "STATE_MISSING";

/** A part of the ledger or a proof is missing, damaged or unverified; the message names it. */
export class LedgerError extends MeshError<LedgerErrorCode> {}
