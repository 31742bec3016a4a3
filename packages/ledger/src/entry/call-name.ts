import type { DecisionEntry, LedgerEntry } from "./entry.ts";

/** A name by which an operator asks for a call: its reference id, or the id of the trace that it belongs to. */
export interface CallName {
  readonly kind: "reference" | "trace";
  readonly value: string;
}

/** A trace id has 32 hexadecimal digits (W3C Trace Context); references have other lengths. */
export function parseCallName(value: string): CallName {
  return { kind: /^[0-9a-f]{32}$/.test(value) ? "trace" : "reference", value };
}

/** Whether an entry is the decision about a call with this name. */
export function isNamed(entry: LedgerEntry | undefined, { kind, value }: CallName): entry is DecisionEntry {
  if (entry?.kind !== "issued" && entry?.kind !== "refused") return false;
  return (kind === "trace" ? entry.traceId : entry.referenceId) === value;
}

/** The newest decision; of two at one time the later one in the list. A trace can have several. */
export function newestDecision(decisions: readonly (DecisionEntry | undefined)[]): DecisionEntry | undefined {
  return decisions.reduce(
    (newest, one) => (one && (newest === undefined || one.time >= newest.time) ? one : newest),
    undefined,
  );
}
