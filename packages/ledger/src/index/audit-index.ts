import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Place } from "../segments/line-source.ts";
import type { LinePosition } from "../segments/reader.ts";
import { openMemory, openToRead, openToWrite } from "./file.ts";
import { IndexQueries } from "./queries.ts";
import { bucketOf, inTransaction, makeTables } from "./schema.ts";
import { type IndexableEntry, IndexWriter } from "./writer.ts";

/** The progress of an index. */
export interface IndexState {
  /** Index of the next entry to add. */
  readonly size: number;
  /** Index of the first entry that retention has kept. */
  readonly first: number;
  /** The number of unreadable lines. */
  readonly unreadable: number;
  /** Digest of the last line. */
  readonly lastDigest: Uint8Array;
  readonly last: Place | undefined;
}

/**
 * Finds entries by name, time and key. It is derived from the segments: it may be deleted at any time, and is
 * recreated if it is unusable.
 */
export class AuditIndex {
  readonly find: IndexQueries;
  readonly #database: DatabaseSync;
  readonly #writer: IndexWriter | undefined;
  readonly #state: StatementSync;
  readonly #place: StatementSync;
  readonly #version: StatementSync;
  #dataVersion = -1;

  private constructor(database: DatabaseSync, isWritable: boolean) {
    this.#database = database;
    this.#state = database.prepare("SELECT size, first, unreadable, last_digest FROM state");
    this.#place = database.prepare(`SELECT offset, length,
      (SELECT max(first) FROM segments WHERE first <= ?1) AS segment FROM entries WHERE id = ?1`);
    this.#version = database.prepare("PRAGMA data_version");
    this.find = new IndexQueries(database);
    this.#writer = isWritable ? new IndexWriter(database) : undefined;
  }

  /**
   * Opens the index in a file. Unless `readOnly`, it is created if missing, damaged or of another version.
   * @throws Error if this process may not write there, or with `readOnly` if no index of this version exists
   */
  static open(path: string, { readOnly = false }: { readonly readOnly?: boolean } = {}): AuditIndex {
    return new AuditIndex(readOnly ? openToRead(path) : openToWrite(path), !readOnly);
  }

  /** An index in memory. @param from the first entry to add */
  static inMemory(from = 0): AuditIndex {
    const index = new AuditIndex(openMemory(), true);
    index.#database.prepare("UPDATE state SET first = ?1, size = ?1").run(from);
    return index;
  }

  get state(): IndexState {
    const row = this.#state.get();
    const size = Number(row?.["size"]);
    return {
      size,
      first: Number(row?.["first"]),
      unreadable: Number(row?.["unreadable"]),
      lastDigest: row?.["last_digest"] as Uint8Array,
      last: this.placeOf(size - 1),
    };
  }

  /** Index of the next entry to add. */
  get size(): number {
    return Number(this.#state.get()?.["size"]);
  }

  /** The position from which to read an entry. */
  positionOf(index: number): LinePosition {
    return this.placeOf(index) ?? { index };
  }

  /** Undefined if it does not contain the entry. */
  placeOf(index: number): Place | undefined {
    const row = this.#place.get(index);
    if (row === undefined) return undefined;
    const { segment, offset, length } = row;
    return { index, segmentFirst: Number(segment), offset: Number(offset), length: Number(length) };
  }

  /**
   * Adds entries in order, all or none, and skips those already indexed. Returns false and adds nothing if
   * the index has not reached `after`, because another process has recreated it.
   */
  add(batch: readonly IndexableEntry[], after = 0): boolean {
    const writer = this.#writable();
    return this.#atomically(() => {
      const { size } = this;
      if (size < after) return false;
      const news = batch.filter(({ index }) => index >= size);
      for (let from = 0; from < news.length; ) {
        const bucket = bucketOf(news[from]?.index ?? 0);
        const end = news.findIndex(({ index }, at) => at > from && bucketOf(index) !== bucket);
        const to = end < 0 ? news.length : end;
        writer.write(news.slice(from, to));
        from = to;
      }
      return true;
    });
  }

  /** Removes the entries before an index, some per call; returns true when none are left. */
  prune(beforeIndex: number): boolean {
    if (this.state.first >= beforeIndex) return true;
    const writer = this.#writable();
    return this.#atomically(() => writer.prune(beforeIndex));
  }

  /** Deletes all entries from the index. */
  reset(): void {
    this.#writable();
    this.#atomically(() => makeTables(this.#database));
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #writable(): IndexWriter {
    if (this.#writer === undefined) throw new TypeError("this index was opened read-only");
    return this.#writer;
  }

  #atomically<T>(work: () => T): T {
    try {
      return inTransaction(this.#database, () => {
        this.#noticeOthers();
        return work();
      });
    } catch (error) {
      this.#writer?.forget();
      throw error;
    }
  }

  /** Another process may have recreated the index, which invalidates cached state. */
  #noticeOthers(): void {
    const version = Number(this.#version.get()?.["data_version"]);
    if (version !== this.#dataVersion) this.#writer?.forget();
    this.#dataVersion = version;
  }
}
