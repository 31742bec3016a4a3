import type { LedgerDirectory } from "../ledger-directory.ts";
import { listSegments } from "../segments/list.ts";
import { describeAct } from "../verify/history-text.ts";
import type { LedgerLoss } from "./anchor.ts";
import { firstLossOf } from "./first-entry.ts";
import { historyOf } from "./missing-past.ts";

/**
 * The loss that a ledger itself names and no signed entry accepts, for a ledger without an anchor. Reads the whole
 * ledger if it has no beginning, or begins with a loss.
 */
export async function openLossOf(
  directory: LedgerDirectory,
  signed: number,
): Promise<LedgerLoss | undefined> {
  const first = await firstLossOf(directory);
  const segments = await listSegments(directory.segments);
  if (first === undefined && (segments[0]?.first ?? 0) === 0) return undefined;
  const open = (await historyOf(segments)).openLosses(signed).at(-1);
  if (open === undefined) return undefined;
  return first ?? { time: open.entry.time, found: describeAct(open), evidence: "" };
}
