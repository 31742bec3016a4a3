import { isLedgerAct } from "../entry/ledger-act.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { listSegments } from "../segments/list.ts";
import { entryOf } from "../segments/read-entry.ts";
import { readLines } from "../segments/reader.ts";

/**
 * The number of entries of a ledger that has never begun: operators acted on the stopped CA before its first start,
 * which signs their entries. It is 0 if another entry is there, because only a running CA writes those, after it has
 * signed a checkpoint.
 */
export async function countUnbegunActs({ segments }: LedgerDirectory): Promise<number> {
  let count = 0;
  for await (const { index, line } of readLines(await listSegments(segments))) {
    const entry = entryOf(line);
    const isAct = entry?.kind === "operator" && !isLedgerAct(entry.act);
    if (!isAct || index !== count) return 0;
    count += 1;
  }
  return count;
}
