import type { LedgerEntry } from "../entry/entry.ts";
import { isDamaged, removeIndex } from "../index/file.ts";
import type { IndexQueries } from "../index/queries.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import type { Found } from "../ports.ts";
import type { Place } from "../segments/line-source.ts";
import { LineSource } from "../segments/line-source.ts";
import { listSegments } from "../segments/list.ts";
import { entryOf } from "../segments/read-entry.ts";
import { type LinePosition, readLinesFrom } from "../segments/reader.ts";
import { openSlotIndex, type SlotIndex, type SlotIndexOptions } from "./slot-index.ts";

interface Span {
  readonly from: LinePosition;
  /** Inclusive. */
  readonly to: number;
}

/** Reads the ledger of one writing process. */
export class SlotReader {
  readonly slot: string;
  readonly directory: LedgerDirectory;
  readonly #options: SlotIndexOptions;
  readonly #lines: LineSource;
  #index: SlotIndex;

  private constructor(slot: string, directory: LedgerDirectory, options: SlotIndexOptions, index: SlotIndex) {
    this.slot = slot;
    this.directory = directory;
    this.#options = options;
    this.#lines = new LineSource(directory.segments);
    this.#index = index;
  }

  static async open(
    slot: string,
    directory: LedgerDirectory,
    options: SlotIndexOptions,
  ): Promise<SlotReader> {
    return new SlotReader(slot, directory, options, await openSlotIndex(directory, options));
  }

  /** The number of unreadable lines. */
  get unreadable(): number {
    const { disk, memory } = this.#index;
    return (disk?.state.unreadable ?? 0) + memory.state.unreadable;
  }

  /** The entries that a query finds, in its order, without those that retention has deleted meanwhile. */
  async find(ask: (find: IndexQueries) => Iterable<Place>): Promise<readonly Found[]> {
    const found: Found[] = [];
    for (const { slot, index, line } of await this.#linesAt(ask)) {
      const entry = entryOf(line);
      if (entry !== undefined) found.push({ slot, index, entry, line });
    }
    return found;
  }

  /**
   * The first entry that a query finds and that is wanted. It reads one line at a time: a key in the index is a hash,
   * and callers can choose values that share it.
   */
  async first<E extends LedgerEntry>(
    ask: (find: IndexQueries) => Iterable<Place>,
    isWanted: (entry: LedgerEntry | undefined) => entry is E,
  ): Promise<E | undefined> {
    for (const place of await this.#repaired(() => this.#places(ask))) {
      const line = await this.#lines.read(place);
      const entry = line && entryOf(line);
      if (isWanted(entry)) return entry;
    }
    return undefined;
  }

  /** The entries of a period, both ends included, in the order of the ledger. */
  async *between(sinceMs: number, untilMs: number): AsyncGenerator<Found, void, undefined> {
    for (const { from, to } of await this.#spans(sinceMs, untilMs)) {
      for await (const { index, line } of readLinesFrom(await listSegments(this.directory.segments), from)) {
        if (index > to) break;
        const entry = entryOf(line);
        const time = entry === undefined ? Number.NaN : Date.parse(entry.time);
        if (entry !== undefined && time >= sinceMs && time <= untilMs)
          yield { slot: this.slot, index, entry, line };
      }
    }
  }

  async close(): Promise<void> {
    this.#index.disk?.close();
    this.#index.memory.close();
    await this.#lines.close();
  }

  async #linesAt(ask: (find: IndexQueries) => Iterable<Place>) {
    const { slot } = this;
    const lines: { readonly slot: string; readonly index: number; readonly line: Buffer }[] = [];
    for (const place of await this.#repaired(() => this.#places(ask))) {
      const line = await this.#lines.read(place);
      if (line !== undefined) lines.push({ slot, index: place.index, line });
    }
    return lines;
  }

  #places(ask: (find: IndexQueries) => Iterable<Place>): readonly Place[] {
    const { disk, memory } = this.#index;
    const newer = [...ask(memory.find)];
    // A running CA updates the index on disk, so its later entries count once.
    const known = new Set(newer.map(({ index }) => index));
    const older = disk === undefined ? [] : [...ask(disk.find)];
    return [...newer, ...older.filter(({ index }) => !known.has(index))];
  }

  #spans(sinceMs: number, untilMs: number): Promise<readonly Span[]> {
    return this.#repaired(() => {
      const { disk, memory, memoryFrom } = this.#index;
      const spans: Span[] = [];
      const older = disk?.find.span(sinceMs, untilMs);
      if (disk !== undefined && older !== undefined && older.from < memoryFrom)
        spans.push({ from: disk.positionOf(older.from), to: Math.min(older.to, memoryFrom - 1) });
      const newer = memory.find.span(sinceMs, untilMs);
      if (newer !== undefined)
        spans.push({ from: { index: Math.max(newer.from, memoryFrom) }, to: newer.to });
      return spans;
    });
  }

  /** Recreates an index, once, if damage is found only now. */
  async #repaired<T>(work: () => T): Promise<T> {
    try {
      return work();
    } catch (error) {
      if (!isDamaged(error)) throw error;
    }
    const { disk, memory } = this.#index;
    disk?.close();
    memory.close();
    try {
      removeIndex(this.directory.index);
    } catch {
      // The file belongs to another user, so the index is kept in memory.
    }
    this.#index = await openSlotIndex(this.directory, this.#options);
    return work();
  }
}
