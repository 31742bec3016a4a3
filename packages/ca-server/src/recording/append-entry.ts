import { encodeEntry, type LedgerEntry, LedgerError } from "@kasbah/ledger";
import { CaError } from "../errors.ts";

/** The part of the ledger's log that a recorder needs. */
export interface EntryLog {
  /** Resolves when the entry is durable. @throws LedgerError `LEDGER_UNAVAILABLE` */
  append(entry: Uint8Array): Promise<void>;
}

/**
 * Resolves when the entry is durable.
 *
 * @throws CaError `LEDGER_UNAVAILABLE` if it may not be
 */
export async function appendEntry(log: EntryLog, entry: LedgerEntry): Promise<void> {
  try {
    await log.append(encodeEntry(entry));
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    const { message, cause } = error;
    throw new CaError("LEDGER_UNAVAILABLE", message, { cause });
  }
}
