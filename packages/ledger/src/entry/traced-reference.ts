import type { DecisionEntry, LedgerEntry } from "./entry.ts";

/** The form of a W3C trace id. */
const traceId = /^[0-9a-f]{32}$/;
const separator = "/";

/**
 * The `referenceId` of a decision as the ledger stores it: if the call was traced, its trace id follows. Releases
 * without traces refuse an entry with a member that they do not know, but read any text as a reference.
 */
export function storedReference({ referenceId, traceId: trace }: DecisionEntry): string {
  return trace === undefined ? referenceId : `${referenceId}${separator}${trace}`;
}

/** A decision as the ledger stores it, without a member for the trace id. */
export function storedForm<Entry extends LedgerEntry>(entry: Entry): Entry {
  if ((entry.kind !== "issued" && entry.kind !== "refused") || entry.traceId === undefined) return entry;
  const { traceId: _, ...members } = entry;
  return { ...members, referenceId: storedReference(entry) } as Entry;
}

/** An entry as the ledger stores it, with the trace id in a member of its own. */
export function withTraceId(stored: LedgerEntry): LedgerEntry {
  if (stored.kind !== "issued" && stored.kind !== "refused") return stored;
  const at = stored.referenceId.lastIndexOf(separator);
  const trace = at < 0 ? "" : stored.referenceId.slice(at + 1);
  if (!traceId.test(trace)) return stored;
  return { ...stored, referenceId: stored.referenceId.slice(0, at), traceId: trace };
}
