import type { Found, LedgerTail } from "@kasbah/ledger";
import { type Clock, delay } from "@kasbah/runtime";
import type { Screen } from "../output/screen.ts";

export interface TailDeps {
  readonly screen: Pick<Screen, "write">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** How often a followed ledger is read. */
const lookMs = 500;

/** Prints the last entries and, with `follow`, every new entry until Ctrl-C. */
export async function showTail(
  tail: LedgerTail,
  {
    count,
    follow,
    show,
  }: { readonly count: number; readonly follow: boolean; readonly show: (found: Found) => string },
  { screen, clock, signal }: TailDeps,
): Promise<void> {
  for (const found of await tail.last(count)) screen.write(show(found));
  while (follow && !signal.aborted) {
    await delay(clock, lookMs, signal);
    for await (const found of tail.more()) screen.write(show(found));
  }
}
