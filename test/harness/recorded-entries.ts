import { join } from "node:path";
import { type LedgerEntry, ledgerDirectoryAt, listSegments, parseEntry, readLines } from "@kasbah/ledger";

/** Every entry of a CA's ledger, read from its files as an auditor would. */
export async function recordedIn(stateDir: string): Promise<readonly LedgerEntry[]> {
  const { segments } = ledgerDirectoryAt(join(stateDir, "ledger"));
  const entries: LedgerEntry[] = [];
  for await (const { line } of readLines(await listSegments(segments))) entries.push(parseEntry(line));
  return entries;
}
