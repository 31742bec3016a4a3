import type { Found, LedgerTail } from "@kasbah/ledger";
import { pause } from "@kasbah/runtime";
import type { CommandDeps } from "../commands/command-deps.ts";

/** How often a ledger that is followed is looked at. */
const lookMs = 500;

/** Shows the last entries, and with `follow` each that comes, until Ctrl-C. */
export async function showTail(
  tail: LedgerTail,
  {
    count,
    follow,
    show,
  }: { readonly count: number; readonly follow: boolean; readonly show: (found: Found) => string },
  { screen, clock, signal }: CommandDeps,
): Promise<void> {
  for (const found of await tail.last(count)) screen.write(show(found));
  while (follow && !signal.aborted) {
    await pause(clock, lookMs, signal);
    for await (const found of tail.more()) screen.write(show(found));
  }
}
