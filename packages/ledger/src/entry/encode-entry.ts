import { canonicalJson } from "./canonical-json.ts";
import { type LedgerEntry, maxEntryBytes } from "./entry.ts";
import { issuedText } from "./issued-text.ts";
import { storedForm } from "./traced-reference.ts";

/** The line of an entry without its line feed. These are the bytes of its leaf in the tree. */
export function encodeEntry(entry: LedgerEntry): Uint8Array {
  const bytes = Buffer.from(entryText(entry));
  if (bytes.length > maxEntryBytes)
    throw new RangeError(`an entry has ${bytes.length} bytes, more than ${maxEntryBytes}`);
  return bytes;
}

function entryText(entry: LedgerEntry): string {
  return entry.kind === "issued" ? issuedText(entry) : canonicalJson(storedForm(entry) as never);
}
