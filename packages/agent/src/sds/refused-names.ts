import { printableText } from "@kasbah/runtime";
import { utcMinute } from "../secret/validity.ts";
import type { RefusedResource } from "./stream/stream-record.ts";

/** A name whose current contents at least one client refuses (NACK). */
export interface RefusedName extends RefusedResource {
  /** The number of streams that refuse it. */
  readonly clients: number;
}

/** Limits the result if a client invents names and refuses all of them. */
const maxRefusedNames = 2_000;

/** Combines the refusals of all streams by name: the first complaint, and how many clients have one. */
export function refusedNames(refusals: Iterable<RefusedResource>): ReadonlyMap<string, RefusedName> {
  const names = new Map<string, RefusedName>();
  for (const one of refusals) {
    const before = names.get(one.name);
    if (before === undefined && names.size >= maxRefusedNames) continue;
    const first = before === undefined || one.at < before.at ? one : before;
    names.set(one.name, { ...first, clients: (before?.clients ?? 0) + 1 });
  }
  return names;
}

/** The refusal as a sentence, after a word to search for. */
export function describeRefusal({ name, complaint, at, clients }: RefusedName): string {
  const who = clients === 1 ? "a client rejects" : `${clients} clients reject`;
  const since = `${who} ${printableText(name, 512)} since ${utcMinute(at)}`;
  return `certificate-refused: ${since} (NACK): ${printableText(complaint, 300)}`;
}
