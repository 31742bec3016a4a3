import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Place } from "../segments/line-source.ts";
import type { ReadEntry } from "../segments/read-entry.ts";
import type { LinePosition } from "../segments/reader.ts";
import { openMemory, openToRead, openToWrite } from "./file.ts";
import { IndexQueries } from "./queries.ts";
import { bucketOf, inTransaction, makeTables } from "./schema.ts";
import { IndexWriter } from "./writer.ts";

/** How far an index has come. */
export interface IndexState {
  /** Index of the next entry to take. */
  readonly size: number;
  /** Of the first entry that retention has left. */
  readonly first: number;
  /** How many lines were no entries. */
  readonly unreadable: number;
  /** Of the last line. */
  readonly lastDigest: Uint8Array;
  readonly last: Place | undefined;
}

/**
 * Finds entries by name, time and key. All of it is derived from the segments: it may be deleted at any time, and is made
 * anew when it can not be used.
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
   * Opens the index in a file. To write, it is made when it is not there, damaged, or of another version.
   *
   * @throws Error when this process may not write there; with `readOnly` also when there is none of this version
   */
  static open(path: string, { readOnly = false }: { readonly readOnly?: boolean } = {}): AuditIndex {
    return new AuditIndex(readOnly ? openToRead(path) : openToWrite(path), !readOnly);
  }

  /** One that goes with its process. @param from the first entry to take */
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
      last: this.#placeOf(size - 1),
    };
  }

  /** Index of the next entry to take. */
  get size(): number {
    return Number(this.#state.get()?.["size"]);
  }

  /** From where an entry is read. */
  positionOf(index: number): LinePosition {
    const place = this.#placeOf(index);
    return place === undefined ? { index } : place;
  }

  /**
   * Takes entries, in order and all or none; those that are there already are passed over. False, and nothing is taken,
   * when the index has not come to `after`: another process has made it anew.
   */
  add(batch: readonly ReadEntry[], after = 0): boolean {
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

  /** Leaves out the entries before one, a part of them at a time; true when none is left. */
  prune(beforeIndex: number): boolean {
    if (this.state.first >= beforeIndex) return true;
    const writer = this.#writable();
    return this.#atomically(() => writer.prune(beforeIndex));
  }

  /** Forgets everything. */
  reset(): void {
    this.#writable();
    this.#atomically(() => makeTables(this.#database));
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #placeOf(index: number): Place | undefined {
    const row = this.#place.get(index);
    if (row === undefined) return undefined;
    const { segment, offset, length } = row;
    return { index, segmentFirst: Number(segment), offset: Number(offset), length: Number(length) };
  }

  #writable(): IndexWriter {
    if (this.#writer === undefined) throw new TypeError("this index was opened to be read");
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

  /** Another process may have made the index anew, so that what is remembered of it is another's. */
  #noticeOthers(): void {
    const version = Number(this.#version.get()?.["data_version"]);
    if (version !== this.#dataVersion) this.#writer?.forget();
    this.#dataVersion = version;
  }
}
