import { encodeEntry, type LedgerEntry, LedgerError } from "@kasbah/ledger";
import { CaError } from "../errors.ts";

/** The part of the ledger that appends entries. */
export interface EntryLog {
  /** Resolves when the entry is durable. @throws LedgerError `LEDGER_UNAVAILABLE` */
  append(entry: Uint8Array): Promise<void>;
}

/**
 * Appends an entry and resolves when it is durable.
 *
 * @throws CaError `LEDGER_UNAVAILABLE` if it may not be durable
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
