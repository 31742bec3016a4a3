import type { SubscriptionNote } from "./stream-event.ts";

/** The names that one stream asked for, as far as they are served here. */
export interface AskedNames {
  readonly names: ReadonlySet<string>;
  /** Unknown names already complained about, so that a client cannot fill the log. */
  readonly refused: ReadonlySet<string>;
  /** It has been said that the stream asks for more names than it may. */
  readonly isCrowded: boolean;
}

export const noNames: AskedNames = { names: new Set(), refused: new Set(), isCrowded: false };

/** Names that one stream may follow: a large gateway's, several times over. */
export const maxNames = 256;

/** Of all names that one stream may follow, in UTF-8. */
export const maxNameBytes = 64 * 1024;

/** Names complained about per stream; the rest are refused in silence. */
const maxRefusedNames = 16;

/** Names after a request, and the ones among those asked for that are not followed, each once. */
export interface SortedNames {
  readonly asked: AskedNames;
  readonly turnedAway: readonly string[];
  readonly notes: readonly SubscriptionNote[];
}

/** Adds those of `requested` that are known to the names in `before`, and turns the others away one by one. */
export function sortNames(
  before: AskedNames,
  requested: readonly string[],
  isKnown: (name: string) => boolean,
): SortedNames {
  const names = new Set(before.names);
  let bytes = bytesOf(names);
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
  const complained = complain({ ...before, names }, unknown, surplus.size > 0);
  return { ...complained, turnedAway: [...unknown, ...surplus] };
}

/** The first of these names, as many as one stream may follow. */
export function firstNames(names: Iterable<string>): ReadonlySet<string> {
  return sortNames(noNames, [...names], () => true).asked.names;
}

export function bytesOf(names: Iterable<string>): number {
  let bytes = 0;
  for (const name of names) bytes += Buffer.byteLength(name);
  return bytes;
}

/** Strikes names that turned out not to be served here, as when the workload's own name became known. */
export function strikeNames(before: AskedNames, lost: readonly string[]): Omit<SortedNames, "turnedAway"> {
  return complain({ ...before, names: without(before.names, lost) }, new Set(lost), false);
}

/** The names without those. */
export function without(names: ReadonlySet<string>, those: readonly string[]): ReadonlySet<string> {
  const left = new Set(those);
  return new Set([...names].filter((name) => !left.has(name)));
}

function complain(before: AskedNames, unknown: ReadonlySet<string>, isCrowded: boolean) {
  const refused = new Set(before.refused);
  const notes: SubscriptionNote[] = [];
  for (const name of unknown) {
    if (refused.size >= maxRefusedNames) break;
    const kept = clientText(name);
    if (refused.has(kept)) continue;
    refused.add(kept);
    notes.push({ kind: "unknown-name", name });
  }
  if (isCrowded && !before.isCrowded) notes.push({ kind: "too-many-names", limit: maxNames });
  return { asked: { names: before.names, refused, isCrowded: before.isCrowded || isCrowded }, notes };
}

/** Texts of a client that are kept for as long as its stream lasts. */
const maxTextLength = 512;

/** The beginning of a client's text, for keeping. A slice would keep the megabyte that it was cut from in memory, so this is a copy. */
export function clientText(text: string): string {
  if (text.length <= maxTextLength) return text;
  return Buffer.from(text.slice(0, maxTextLength), "utf16le").toString("utf16le");
}
