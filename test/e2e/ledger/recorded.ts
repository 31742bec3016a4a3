import { join } from "node:path";
import type { LedgerEntry } from "../../../packages/ca-server/src/ledger/entry.ts";
import { ledgerDirectoryAt } from "../../../packages/ca-server/src/ledger/ledger-directory.ts";
import { parseEntry } from "../../../packages/ca-server/src/ledger/parse-entry.ts";
import { readLines } from "../../../packages/ca-server/src/ledger/segments/segment-reader.ts";
import { listSegments } from "../../../packages/ca-server/src/ledger/segments/segments.ts";

/** Every entry of a CA's ledger, read as an auditor would: from the files. */
export async function recordedIn(stateDir: string): Promise<readonly LedgerEntry[]> {
  const { segments } = ledgerDirectoryAt(join(stateDir, "ledger"));
  const entries: LedgerEntry[] = [];
  for await (const { line } of readLines(await listSegments(segments))) entries.push(parseEntry(line));
  return entries;
}
