import type { StreamEvent } from "./stream-event.ts";

/** The names one stream is subscribed to, restricted to names that the agent serves. */
export interface SubscribedNames {
  readonly names: ReadonlySet<string>;
  /** Requested names that are not served, because they are unknown or beyond the limits; a limited number. */
  readonly unserved: ReadonlySet<string>;
  /** Unknown names already reported, so that a client cannot fill the log. */
  readonly reportedUnknown: ReadonlySet<string>;
  /** Whether it has been reported that the stream exceeds its limit of names. */
  readonly isOverLimit: boolean;
}

const nothing: ReadonlySet<string> = new Set();

export const noNames: SubscribedNames = {
  names: nothing,
  unserved: nothing,
  reportedUnknown: nothing,
  isOverLimit: false,
};

/** Maximum names per stream: several times what a large gateway needs. */
export const maxNames = 256;

/** Maximum total length of the names of one stream, in UTF-8. */
export const maxNameBytes = 64 * 1024;

/** Unknown names reported per stream, and kept while they are requested; the rest are ignored silently. */
const maxReportedUnknown = 16;

/** The subscription after a request, and the requested names that were not accepted, each once. */
export interface PartitionedNames {
  readonly subscribed: SubscribedNames;
  readonly notAccepted: readonly string[];
  readonly events: readonly StreamEvent[];
}

/** Adds the known names of `requested` to `before`, up to the limits, and lists the others. */
export function partitionNames(
  before: SubscribedNames,
  requested: readonly string[],
  isKnown: (name: string) => boolean,
): PartitionedNames {
  const names = new Set(before.names);
  let bytes = totalBytes(names);
  const unknown = new Set<string>();
  const surplus = new Set<string>();
  for (const name of requested) {
    if (!isKnown(name)) unknown.add(name);
    else if (!names.has(name)) {
      const length = Buffer.byteLength(name);
      const hasRoom = names.size < maxNames && bytes + length <= maxNameBytes;
      if (hasRoom) bytes += length;
      (hasRoom ? names : surplus).add(name);
    }
  }
  const notAccepted = [...unknown, ...surplus];
  const unserved = withUnserved(withoutServed(before.unserved, names), notAccepted);
  return { ...report({ ...before, names, unserved }, unknown, surplus.size > 0), notAccepted };
}

/** The first of these names, up to the limits of one stream. */
export function withinLimits(names: Iterable<string>): ReadonlySet<string> {
  return partitionNames(noNames, [...names], () => true).subscribed.names;
}

export function totalBytes(names: Iterable<string>): number {
  let bytes = 0;
  for (const name of names) bytes += Buffer.byteLength(name);
  return bytes;
}

/** Drops names that turned out to be unknown, for example once the workload's own name is known. */
export function dropUnknown(
  before: SubscribedNames,
  unknown: readonly string[],
): Omit<PartitionedNames, "notAccepted"> {
  const unserved = withUnserved(before.unserved, unknown);
  return report({ ...before, names: without(before.names, unknown), unserved }, new Set(unknown), false);
}

function withoutServed(unserved: ReadonlySet<string>, served: ReadonlySet<string>): ReadonlySet<string> {
  return unserved.size === 0 ? unserved : without(unserved, [...served].map(truncated));
}

function withUnserved(before: ReadonlySet<string>, names: readonly string[]): ReadonlySet<string> {
  if (names.length === 0) return before;
  return new Set(
    [...before, ...names.slice(0, maxReportedUnknown).map(truncated)].slice(0, maxReportedUnknown),
  );
}

export function without(names: ReadonlySet<string>, removed: readonly string[]): ReadonlySet<string> {
  const gone = new Set(removed);
  return new Set([...names].filter((name) => !gone.has(name)));
}

function report(before: SubscribedNames, unknown: ReadonlySet<string>, isOverLimit: boolean) {
  const reportedUnknown = new Set(before.reportedUnknown);
  const events: StreamEvent[] = [];
  for (const name of unknown) {
    if (reportedUnknown.size >= maxReportedUnknown) break;
    const kept = truncated(name);
    if (reportedUnknown.has(kept)) continue;
    reportedUnknown.add(kept);
    events.push({ kind: "unknown-name", name });
  }
  if (isOverLimit && !before.isOverLimit) events.push({ kind: "too-many-names", limit: maxNames });
  const subscribed = {
    names: before.names,
    unserved: before.unserved,
    reportedUnknown,
    isOverLimit: before.isOverLimit || isOverLimit,
  };
  return { subscribed, events };
}

/** Maximum length of a client's text that the agent keeps as long as the stream is open. */
const maxTextLength = 512;

/** A truncated copy of a client's text: a slice would keep the whole original string in memory. */
export function truncated(text: string): string {
  if (text.length <= maxTextLength) return text;
  return Buffer.from(text.slice(0, maxTextLength), "utf16le").toString("utf16le");
}
