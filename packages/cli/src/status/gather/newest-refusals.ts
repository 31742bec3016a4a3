import { addressOf } from "../../refusals/refusal-filter.ts";
import type { ListedRefusal } from "../../refusals/refusal-list.ts";
import type { RefusalSample } from "../status-facts.ts";

/** So many that one code does not displace the others, and few enough for one answer of kubectl. */
export const sampledRefusals = 500;

/** The window of the findings about refusals. */
export const refusalWindowMs = 600_000;

/** The newest refusal of each code, from a list in the order of time. */
export function newestOfEachCode(refusals: readonly ListedRefusal[]): readonly RefusalSample[] {
  return [...new Map(refusals.map((one) => [one.entry.code, sampleOf(one)])).values()];
}

function sampleOf({ entry }: ListedRefusal): RefusalSample {
  const { time, code, referenceId, caller, peerAddress, problem, fix = "" } = entry;
  return {
    ...{ time: new Date(time), code, reference: referenceId, problem, fix },
    caller: caller?.spiffeId ?? addressOf(peerAddress),
  };
}
