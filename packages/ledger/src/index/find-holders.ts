import type { IssuedEntry } from "../entry/entry.ts";
import type { Holder } from "../ports.ts";
import { LineSource } from "../segments/line-source.ts";
import { entryOf } from "../segments/read-entry.ts";
import type { IndexQueries } from "./queries.ts";
import { secondOf } from "./rows.ts";

interface Tally {
  leaves: number;
  /** Whether the newest certificate of each pod is under one of the authorities. */
  readonly inUse: Map<string, boolean>;
  last: IssuedEntry | undefined;
}

/**
 * Finds the identities that hold unexpired certificates of some authorities. It reads every unexpired
 * certificate, so it is for commands of an operator only.
 *
 * @param authorities their fingerprints
 */
export async function findHolders(
  index: { readonly find: Pick<IndexQueries, "unexpiredAt"> },
  segments: string,
  authorities: ReadonlySet<string>,
  now: Date,
): Promise<readonly Holder[]> {
  const tallies = new Map<string, Tally>();
  const lines = new LineSource(segments);
  try {
    // Collected first, because the index may change while lines are read.
    for (const place of [...index.find.unexpiredAt(secondOf(now.getTime()))]) {
      const line = await lines.read(place);
      const entry = line && entryOf(line);
      if (entry?.kind === "issued") add(entry, authorities.has(entry.authority), tallies);
    }
  } finally {
    await lines.close();
  }
  return [...tallies].flatMap(([spiffeId, tally]) => holderOf(spiffeId, tally)).sort(latestFirst);
}

function add(entry: IssuedEntry, isUnder: boolean, tallies: Map<string, Tally>): void {
  const { spiffeId, caller, notAfter } = entry;
  const tally = tallies.get(spiffeId) ?? { leaves: 0, inUse: new Map(), last: undefined };
  tallies.set(spiffeId, tally);
  tally.inUse.set(caller.pod?.uid ?? "", isUnder);
  if (!isUnder) return;
  tally.leaves += 1;
  if (tally.last === undefined || notAfter >= tally.last.notAfter) tally.last = entry;
}

function holderOf(spiffeId: string, { leaves, inUse, last }: Tally): Holder[] {
  if (last === undefined) return [];
  const pods = [...inUse.values()].filter((isUnder) => isUnder).length;
  return [{ spiffeId, leaves, pods, serial: last.serial, notAfter: new Date(last.notAfter) }];
}

function latestFirst(one: Holder, other: Holder): number {
  const order = other.notAfter.getTime() - one.notAfter.getTime();
  return order === 0 ? (one.spiffeId < other.spiffeId ? -1 : 1) : order;
}
