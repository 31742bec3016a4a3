import { isNamed, parseCallName } from "../entry/call-name.ts";
import type { DecisionEntry } from "../entry/entry.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { LineSource } from "../segments/line-source.ts";
import { entryOf } from "../segments/read-entry.ts";
import { findUnauthenticatedRefusal } from "../unauthenticated/find-refusal.ts";
import type { IndexQueries } from "./queries.ts";

/**
 * Finds the decision about a call on disk by its name, the newest of several in one trace: first in the index, then
 * among the refusals of unauthenticated callers.
 */
export async function findDecision(
  index: { readonly find: Pick<IndexQueries, "withKey"> } | undefined,
  directory: Pick<LedgerDirectory, "segments" | "unauthenticated">,
  text: string,
): Promise<DecisionEntry | undefined> {
  const name = parseCallName(text);
  const lines = new LineSource(directory.segments);
  try {
    for (const place of index?.find.withKey(name.kind, name.value) ?? []) {
      const line = await lines.read(place);
      const entry = line && entryOf(line);
      if (isNamed(entry, name)) return entry;
    }
  } finally {
    await lines.close();
  }
  return findUnauthenticatedRefusal(directory.unauthenticated, name);
}
