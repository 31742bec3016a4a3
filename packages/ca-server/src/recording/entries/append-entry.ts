import { type EntryLog, encodeEntry, type LedgerEntry, LedgerError } from "@kasbah/ledger";
import { CaError } from "../../errors.ts";

/**
 * Appends an entry and resolves when it is durable.
 *
 * @throws CaError `LEDGER_UNAVAILABLE` if it may not be durable
 */
export async function appendEntry(log: Pick<EntryLog, "append">, entry: LedgerEntry): Promise<void> {
  try {
    await log.append(encodeEntry(entry));
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    const { message, cause } = error;
    throw new CaError("LEDGER_UNAVAILABLE", message, { cause });
  }
}
