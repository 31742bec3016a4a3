import { AuditIndex } from "../index/audit-index.ts";
import { catchUp } from "../index/catch-up.ts";
import { findHolders } from "../index/find-holders.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import type { Holder } from "../ports.ts";
import { listSegments } from "../segments/list.ts";

/** Finds the holders of unexpired certificates in the ledger of a stopped CA, as its `EntryIndex` would. */
export async function readHolders(
  { index: path, segments }: Pick<LedgerDirectory, "index" | "segments">,
  authorities: ReadonlySet<string>,
  now: Date,
): Promise<readonly Holder[]> {
  const index = AuditIndex.open(path);
  try {
    await catchUp(index, () => listSegments(segments));
    return await findHolders(index, segments, authorities, now);
  } finally {
    index.close();
  }
}
