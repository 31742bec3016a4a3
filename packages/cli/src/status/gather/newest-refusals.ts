import { addressOf } from "../../refusals/refusal-filter.ts";
import type { ListedRefusal } from "../../refusals/refusal-list.ts";
import type { RefusalSample } from "../status-facts.ts";

/** So many that one code does not displace the others, and few enough for one answer of kubectl. */
export const sampledRefusals = 500;

/** The window of the findings about refusals. */
export const refusalWindowMs = 600_000;

/** The newest refusal of each code, from a list in the order of time. */
export function newestOfEachCode(refusals: readonly ListedRefusal[]): readonly RefusalSample[] {
  const byCode = Map.groupBy(refusals, ({ entry }) => entry.code);
  return [...byCode.values()].flatMap((all) => {
    const newest = all.at(-1);
    return newest === undefined ? [] : [{ ...sampleOf(newest), callers: [...new Set(all.map(callerOf))] }];
  });
}

function sampleOf(one: ListedRefusal): Omit<RefusalSample, "callers"> {
  const { time, code, referenceId, problem, fix = "" } = one.entry;
  return { time: new Date(time), code, reference: referenceId, problem, fix, caller: callerOf(one) };
}

function callerOf({ entry: { caller, peerAddress } }: ListedRefusal): string {
  return caller?.spiffeId ?? addressOf(peerAddress);
}
