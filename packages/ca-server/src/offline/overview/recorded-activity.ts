import type { LedgerEntry, UnauthenticatedLine } from "@kasbah/ledger";
import type { ActivityMessage } from "@kasbah/protocol";

const bucketMs = 60_000;
const buckets = 60;

/** Counts per minute what a ledger contains, of which the last hour is shown. */
export class RecordedActivity {
  readonly #issued = new Map<number, number>();
  readonly #refused = new Map<string, Map<number, number>>();
  #newest: number | undefined;

  add(entry: LedgerEntry | UnauthenticatedLine): void {
    if (entry.kind === "dropped") this.#addDropped(entry.time, entry.codes);
    if (entry.kind === "issued") this.#count(this.#issued, entry.time, 1);
    if (entry.kind === "refused") this.#count(this.#codeNamed(entry.code), entry.time, 1);
  }

  /** The hour before the last decision; before now if there is none. */
  read(now: Date): ActivityMessage {
    const end = (this.#newest ?? minuteOf(now.getTime())) + 1;
    const hour = (counts: ReadonlyMap<number, number>) =>
      Array.from({ length: buckets }, (_, at) => counts.get(end - buckets + at) ?? 0);
    const refused = [...this.#refused]
      .map(([code, counts]) => ({ code, counts: hour(counts) }))
      .filter(({ counts }) => counts.some((count) => count > 0));
    const endsAt = new Date(end * bucketMs);
    return { bucketMs, endsAt, issued: hour(this.#issued), refused, handshakes: [] };
  }

  #addDropped(time: string, codes: Readonly<Record<string, number>>): void {
    for (const [code, count] of Object.entries(codes)) this.#count(this.#codeNamed(code), time, count);
  }

  #count(counts: Map<number, number>, time: string, count: number): void {
    const minute = minuteOf(Date.parse(time));
    counts.set(minute, (counts.get(minute) ?? 0) + count);
    this.#newest = Math.max(this.#newest ?? minute, minute);
  }

  #codeNamed(code: string): Map<number, number> {
    const counts = this.#refused.get(code) ?? new Map();
    this.#refused.set(code, counts);
    return counts;
  }
}

function minuteOf(ms: number): number {
  return Math.floor(ms / bucketMs);
}
