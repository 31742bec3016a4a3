import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { NewestOfName } from "../ports.ts";
import type { Place } from "../segments/line-source.ts";
import { keyHash, type LookupKey } from "./rows.ts";
import { bucketSize } from "./schema.ts";

const bucketEnd = bucketSize - 1;
const columns = "e.id, e.offset, e.length, (SELECT max(first) FROM segments WHERE first <= e.id) AS segment";
/** Excludes entries that retention deleted, whose rows may still exist. */
const kept = "e.id >= (SELECT first FROM state)";

const sql = {
  key: `SELECT ${columns} FROM buckets b CROSS JOIN keys k ON k.bucket = b.bucket AND k.hash = ?
    JOIN entries e ON e.id = k.bucket * ${bucketSize} + k.at WHERE ${kept} ORDER BY e.id DESC`,
  held: `SELECT ${columns} FROM buckets b
    CROSS JOIN certificates c ON c.bucket = b.bucket AND c.identity = (SELECT id FROM identities WHERE spiffe_id = ?1)
    JOIN entries e ON e.id = c.bucket * ${bucketSize} + c.at
    WHERE b.min_not_before <= ?2 AND b.max_not_after >= ?2 AND c.not_before <= ?2 AND c.not_after >= ?2 AND ${kept}
    ORDER BY b.bucket DESC, c.at DESC LIMIT ?3`,
  issued: (order: "ASC" | "DESC") => `SELECT ${columns} FROM buckets b
    CROSS JOIN certificates c ON c.bucket = b.bucket AND c.identity = (SELECT id FROM identities WHERE spiffe_id = ?1)
    JOIN entries e ON e.id = c.bucket * ${bucketSize} + c.at
    WHERE ${kept} ORDER BY b.bucket ${order}, c.at ${order} LIMIT ?2`,
  live: `SELECT ${columns} FROM (
      SELECT max(c.bucket * ${bucketSize} + c.at) AS id FROM buckets b
      CROSS JOIN certificates c ON c.bucket = b.bucket
      WHERE b.max_not_after >= ?1 AND c.not_after >= ?1 GROUP BY c.identity, c.pod
    ) newest JOIN entries e ON e.id = newest.id WHERE ${kept} ORDER BY e.id`,
  unexpired: `SELECT ${columns} FROM buckets b CROSS JOIN certificates c ON c.bucket = b.bucket
    JOIN entries e ON e.id = c.bucket * ${bucketSize} + c.at
    WHERE b.max_not_after >= ?1 AND c.not_after >= ?1 AND ${kept} ORDER BY e.id`,
  liveBuckets: "SELECT bucket FROM buckets WHERE max_not_after >= ? ORDER BY bucket DESC",
  // With max(), SQLite takes the other columns from the row of the maximum.
  liveIn: `SELECT i.spiffe_id, c.not_before, c.not_after, c.bucket * ${bucketSize} + max(c.at) AS id
    FROM certificates c JOIN identities i ON i.id = c.identity
    WHERE c.bucket = ? AND c.not_after >= ? GROUP BY c.identity`,
  known: "SELECT 1 FROM identities WHERE spiffe_id = ?",
  names: "SELECT spiffe_id FROM identities WHERE spiffe_id >= ?1 AND spiffe_id < ?2 ORDER BY spiffe_id",
  authorities: `SELECT ${columns} FROM authorities a JOIN entries e ON e.id = a.entry WHERE ${kept} ORDER BY e.id`,
  authority: `SELECT ${columns} FROM authorities a JOIN entries e ON e.id = a.entry
    WHERE a.fingerprint = ? AND ${kept}`,
  span: `SELECT max(min(bucket) * ${bucketSize}, (SELECT first FROM state)) AS "from",
    max(bucket) * ${bucketSize} + ${bucketEnd} AS "to" FROM buckets WHERE max_time >= ? AND min_time <= ?`,
};

/**
 * Queries over the index. Instants are in seconds, and both ends belong to a validity (RFC 5280 §4.1.2.5).
 */
export class IndexQueries {
  readonly #statements: Record<string, StatementSync>;

  constructor(database: DatabaseSync) {
    const { issued, ...plain } = sql;
    const all = { ...plain, newest: issued("DESC"), oldest: issued("ASC") };
    const prepared = Object.entries(all).map(([name, text]) => [name, database.prepare(text)] as const);
    this.#statements = Object.fromEntries(prepared);
  }

  /** Entries that may have this key, newest first. The caller must compare the key. */
  withKey(kind: LookupKey, value: string): readonly Place[] {
    return this.#places("key", keyHash(kind, value));
  }

  /** Certificates of a name that were valid at a second, newest first. */
  heldAt(spiffeId: string, second: number, limit: number): readonly Place[] {
    return this.#places("held", spiffeId, second, limit);
  }

  /** All certificates of a name. */
  issuedTo(spiffeId: string, order: "newest" | "oldest", limit: number): readonly Place[] {
    return this.#places(order, spiffeId, limit);
  }

  /** The newest unexpired certificate of each name and pod, in the order of their entries. */
  *liveAt(second: number): Generator<Place> {
    for (const row of this.#statement("live").iterate(second)) yield placeOf(row);
  }

  /** Every unexpired certificate, oldest first. */
  *unexpiredAt(second: number): Generator<Place> {
    for (const row of this.#statement("unexpired").iterate(second)) yield placeOf(row);
  }

  /**
   * The newest unexpired certificate of each name, in batches from the newest entries to the oldest: the first one of a
   * name counts. No batch takes more than some milliseconds.
   */
  *newestOfNames(second: number): Generator<readonly NewestOfName[]> {
    // Collected first, because the index may change between two batches.
    for (const { bucket } of this.#statement("liveBuckets").all(second))
      yield this.#statement("liveIn").all(Number(bucket), second).map(newestOf);
  }

  /** Whether the ledger contains a certificate for this name. */
  isNameKnown(spiffeId: string): boolean {
    return this.#statement("known").get(spiffeId) !== undefined;
  }

  /** The names with a prefix, in order. */
  *namesWith(prefix: string): Generator<string> {
    // SPIFFE IDs are ASCII, so no name contains this character.
    for (const row of this.#statement("names").iterate(prefix, `${prefix}\u{10ffff}`))
      yield String(row["spiffe_id"]);
  }

  /** The last stage of each authority. */
  authorities(): readonly Place[] {
    return this.#places("authorities");
  }

  /** The last stage of one authority, by its fingerprint. */
  authority(fingerprint: string): Place | undefined {
    return this.#places("authority", Buffer.from(fingerprint, "hex"))[0];
  }

  /**
   * A range that contains all entries of a period, both ends included. It is wider if the clock was set back.
   */
  span(sinceMs: number, untilMs: number): { readonly from: number; readonly to: number } | undefined {
    const row = this.#statement("span").get(sinceMs, untilMs);
    return typeof row?.["to"] === "number" ? { from: Number(row["from"]), to: row["to"] } : undefined;
  }

  #statement(name: string): StatementSync {
    const statement = this.#statements[name];
    if (statement === undefined) throw new RangeError(`no query ${name}`);
    return statement;
  }

  #places(name: string, ...values: (string | number | Uint8Array)[]): readonly Place[] {
    return this.#statement(name)
      .all(...values)
      .map(placeOf);
  }
}

function newestOf(row: ReturnType<StatementSync["all"]>[number]): NewestOfName {
  return {
    spiffeId: String(row["spiffe_id"]),
    index: Number(row["id"]),
    notBeforeMs: Number(row["not_before"]) * 1000,
    notAfterMs: Number(row["not_after"]) * 1000,
  };
}

function placeOf(row: ReturnType<StatementSync["all"]>[number]): Place {
  const { id, segment, offset, length } = row;
  return {
    index: Number(id),
    segmentFirst: Number(segment),
    offset: Number(offset),
    length: Number(length),
  };
}
