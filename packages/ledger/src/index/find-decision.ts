import { type CallName, isNamed, newestDecision, parseCallName } from "../entry/call-name.ts";
import type { DecisionEntry } from "../entry/entry.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { LineSource } from "../segments/line-source.ts";
import { entryOf } from "../segments/read-entry.ts";
import { findUnauthenticatedRefusal } from "../unauthenticated/find-refusal.ts";
import type { IndexQueries } from "./queries.ts";

/**
 * Finds the decision about a call on disk by its name, the newest of several in one trace: in the index and among the
 * refusals of unauthenticated callers.
 */
export async function findDecision(
  index: { readonly find: Pick<IndexQueries, "withKey"> } | undefined,
  directory: Pick<LedgerDirectory, "segments" | "unauthenticated">,
  text: string,
): Promise<DecisionEntry | undefined> {
  const name = parseCallName(text);
  const recorded = await findRecorded(index, directory, name);
  // A reference names one call.
  if (recorded !== undefined && name.kind === "reference") return recorded;
  return newestDecision([recorded, await findUnauthenticatedRefusal(directory.unauthenticated, name)]);
}

/** Reads one line at a time: a key in the index is a hash, and callers can choose trace ids that share it. */
async function findRecorded(
  index: { readonly find: Pick<IndexQueries, "withKey"> } | undefined,
  { segments }: Pick<LedgerDirectory, "segments">,
  name: CallName,
): Promise<DecisionEntry | undefined> {
  const lines = new LineSource(segments);
  try {
    for (const place of index?.find.withKey(name.kind, name.value) ?? []) {
      const line = await lines.read(place);
      const entry = line && entryOf(line);
      if (isNamed(entry, name)) return entry;
    }
  } finally {
    await lines.close();
  }
  return undefined;
}
