import { NetworkCounts, type NetworkSummary } from "@kasbah/runtime";
import type { RefusedEntry } from "../entry/entry.ts";

/** Refusals of unauthenticated callers that were counted and not kept. */
export interface DroppedRefusals {
  readonly kind: "dropped";
  /** The times of the first and the last of them. */
  readonly since: string;
  readonly time: string;
  readonly count: number;
  readonly codes: Readonly<Record<string, number>>;
  /** The networks that caused most of them. An empty name stands for callers whose address was not recorded. */
  readonly from: NetworkSummary["top"];
}

/** What the log of unauthenticated callers contains. */
export type UnauthenticatedLine = RefusedEntry | DroppedRefusals;

const mostNetworks = 5;

/** Counts refusals that are not kept, in bounded memory. */
export class DropCounter {
  readonly #networks = new NetworkCounts();
  readonly #codes = new Map<string, number>();
  #since: Date | undefined;

  /** When the first was counted since the last {@link take}; undefined if there was none. */
  get since(): Date | undefined {
    return this.#since;
  }

  count(code: string, group: string, now: Date): void {
    this.#since ??= now;
    this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1);
    this.#networks.add(group);
  }

  take(now: Date): DroppedRefusals {
    const { total: count, top: from } = this.#networks.take(mostNetworks);
    const codes = Object.fromEntries(this.#codes);
    const since = (this.#since ?? now).toISOString();
    this.#codes.clear();
    this.#since = undefined;
    return { kind: "dropped", since, time: now.toISOString(), count, codes, from };
  }
}

/** Returns undefined if the line is something else, or damaged. */
export function parseDropped(line: string): DroppedRefusals | undefined {
  if (!line.startsWith('{"kind":"dropped"')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isDropped(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a parsed JSON value has this form. */
export function isDropped(value: unknown): value is DroppedRefusals {
  const { kind, since, time, count, codes, from } = Object(value) as Record<keyof DroppedRefusals, unknown>;
  const isTime = (text: unknown) => typeof text === "string" && !Number.isNaN(Date.parse(text));
  const isNetwork = (one: unknown) => {
    const { network, count: number } = Object(one) as Record<"network" | "count", unknown>;
    return typeof network === "string" && typeof number === "number";
  };
  return (
    kind === "dropped" &&
    [since, time].every(isTime) &&
    [count, ...Object.values(Object(codes))].every((number) => typeof number === "number") &&
    Array.isArray(from) &&
    from.every(isNetwork)
  );
}
