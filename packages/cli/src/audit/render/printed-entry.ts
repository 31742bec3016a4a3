import type { LedgerEntry } from "@kasbah/ledger";

/**
 * An entry as `--json` prints it. The trace id stands next to it: commands of earlier releases ignore members there, but
 * refuse an entry with a member that they do not know.
 */
export function printedEntry<Entry extends LedgerEntry>(
  entry: Entry,
): { readonly entry: Entry; readonly traceId?: string } {
  if ((entry.kind !== "issued" && entry.kind !== "refused") || entry.traceId === undefined) return { entry };
  const { traceId, ...members } = entry;
  return { entry: members as Entry, traceId };
}

/** The entry that was printed. */
export function entryOfPrinted<Entry extends LedgerEntry>(entry: Entry, traceId: string | undefined): Entry {
  return traceId === undefined ? entry : { ...entry, traceId };
}
