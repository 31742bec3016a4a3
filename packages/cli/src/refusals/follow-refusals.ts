import type { DroppedRefusals, LedgerReader } from "@kasbah/ledger";
import { delay } from "@kasbah/runtime";
import type { TailDeps } from "../audit/follow.ts";
import { matchDropped, matchesRefusal, type RefusalFilter } from "./refusal-filter.ts";
import type { ListedRefusal } from "./refusal-list.ts";

export interface FollowPrinters {
  readonly refusal: (refusal: ListedRefusal) => string;
  readonly dropped: (dropped: DroppedRefusals) => string;
}

/** How often the ledgers are read. */
const lookMs = 500;
const maxSeen = 100_000;

/** Prints the refusals that `filter` selects, and every new one until Ctrl-C. */
export async function followRefusals(
  ledger: Pick<LedgerReader, "since" | "tail" | "unauthenticated">,
  filter: RefusalFilter,
  print: FollowPrinters,
  { screen, clock, signal }: TailDeps,
): Promise<void> {
  const [tail, unauthenticated] = [ledger.tail(), ledger.unauthenticated()];
  // Sets the position of the tail. An entry that arrives between the two is in both.
  await tail.last(0);
  const seen = new Set<string>();
  let entries = ledger.since(filter.since);
  for (;;) {
    for await (const { entry } of entries) {
      if (entry.kind !== "refused" || !matchesRefusal(entry, filter) || seen.has(entry.referenceId)) continue;
      if (seen.size < maxSeen) seen.add(entry.referenceId);
      screen.write(print.refusal({ entry }));
    }
    for await (const line of unauthenticated.more()) {
      if (line.kind === "refused") {
        if (matchesRefusal(line, filter)) screen.write(print.refusal({ entry: line }));
        continue;
      }
      const dropped = matchDropped(line, filter);
      if (dropped !== undefined) screen.write(print.dropped(dropped));
    }
    if (signal.aborted) return;
    await delay(clock, lookMs, signal);
    if (signal.aborted) return;
    entries = tail.more();
  }
}
