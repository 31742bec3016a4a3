import type { DroppedRefusals, LedgerReader, RefusedEntry } from "@kasbah/ledger";
import { matchDropped, matchesRefusal, type RefusalFilter } from "./refusal-filter.ts";

/** A refusal, and the replica whose ledger contains it. */
export interface ListedRefusal {
  readonly entry: RefusedEntry;
  readonly replica?: string | undefined;
}

/** The last refusals that a filter selects. */
export interface RefusalList {
  /** Oldest first. */
  readonly refusals: readonly ListedRefusal[];
  /** How many the filter selects, including those that are not listed. */
  readonly total: number;
  /** Those that were counted and not kept. */
  readonly dropped: readonly DroppedRefusals[];
  /** All of them by code, including those that were not kept. */
  readonly codes: Readonly<Record<string, number>>;
}

/** Counts refusals and keeps the last ones. */
export class RefusalCollector {
  readonly #filter: RefusalFilter;
  readonly #refusals: ListedRefusal[] = [];
  readonly #dropped: DroppedRefusals[] = [];
  readonly #codes = new Map<string, number>();

  constructor(filter: RefusalFilter) {
    this.#filter = filter;
  }

  add(entry: RefusedEntry): void {
    if (!matchesRefusal(entry, this.#filter)) return;
    this.#refusals.push({ entry });
    this.#count(entry.code, 1);
  }

  addDropped(dropped: DroppedRefusals): void {
    const matching = matchDropped(dropped, this.#filter);
    if (matching === undefined) return;
    this.#dropped.push(matching);
    for (const [code, count] of Object.entries(matching.codes)) this.#count(code, count);
  }

  list(lines: number): RefusalList {
    const refusals = this.#refusals.sort(byTime).slice(-Math.max(lines, 1)).slice(0, lines);
    const codes = Object.fromEntries([...this.#codes].sort(([, one], [, other]) => other - one));
    return { refusals, total: this.#refusals.length, dropped: this.#dropped, codes };
  }

  #count(code: string, count: number): void {
    this.#codes.set(code, (this.#codes.get(code) ?? 0) + count);
  }
}

export function byTime({ entry: one }: ListedRefusal, { entry: other }: ListedRefusal): number {
  return one.time < other.time ? -1 : one.time > other.time ? 1 : 0;
}

/** Reads the refusals in ledgers on this machine: of authenticated callers, and of all others. */
export async function collectRefusals(
  ledger: Pick<LedgerReader, "since" | "unauthenticated">,
  filter: RefusalFilter,
): Promise<RefusalCollector> {
  const collector = new RefusalCollector(filter);
  for await (const { entry } of ledger.since(filter.since))
    if (entry.kind === "refused") collector.add(entry);
  for await (const line of ledger.unauthenticated().more()) {
    if (line.kind === "refused") collector.add(line);
    else collector.addDropped(line);
  }
  return collector;
}
