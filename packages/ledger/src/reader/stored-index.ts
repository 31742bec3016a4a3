import type { AuditIndex } from "../index/audit-index.ts";
import { readSerials } from "../index/read-serials.ts";
import { secondOf } from "../index/rows.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import type { EntryIndex } from "../ports.ts";
import { openRead } from "./slot-index.ts";

/** What the index on disk knows, as it is. */
export interface StoredIndex extends Pick<EntryIndex, "newestOfNames" | "serialsAt"> {
  /** Index of the first entry that it does not contain; 0 if there is no usable index. */
  readonly size: number;
}

/** Works with the index on disk of a ledger whose CA may be stopped, without changing it. */
export async function withStoredIndex<T>(
  directory: LedgerDirectory,
  work: (index: StoredIndex) => Promise<T>,
): Promise<T> {
  const index = await openRead(directory);
  try {
    return await work(storedIndex(index, directory));
  } finally {
    index?.close();
  }
}

function storedIndex(index: AuditIndex | undefined, { segments }: LedgerDirectory): StoredIndex {
  return {
    size: index?.size ?? 0,
    newestOfNames: (now) => index?.find.newestOfNames(secondOf(now.getTime())),
    serialsAt: (indices) => readSerials(index, segments, indices),
  };
}
