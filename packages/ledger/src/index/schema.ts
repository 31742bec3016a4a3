import type { DatabaseSync } from "node:sqlite";

/** Incremented with every change below. An index of another version is recreated. */
export const indexVersion = 1;

/**
 * Number of entries in a bucket. Keys are random, so in a single tree every insert would touch another page.
 * Ordered by bucket, all writes go to the last pages, and a query looks into each bucket once, newest first.
 */
export const bucketSize = 16_384;

export const bucketOf = (index: number): number => Math.floor(index / bucketSize);

const schema = `
CREATE TABLE state (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 0),
  size INTEGER NOT NULL, first INTEGER NOT NULL, unreadable INTEGER NOT NULL, last_digest BLOB NOT NULL
);
INSERT INTO state VALUES (0, 0, 0, 0, x'');
CREATE TABLE segments (first INTEGER PRIMARY KEY);
CREATE TABLE entries (id INTEGER PRIMARY KEY, offset INTEGER NOT NULL, length INTEGER NOT NULL);
CREATE TABLE buckets (
  bucket INTEGER PRIMARY KEY,
  min_time INTEGER NOT NULL, max_time INTEGER NOT NULL,
  min_not_before INTEGER NOT NULL, max_not_after INTEGER NOT NULL
);
CREATE TABLE identities (
  id INTEGER PRIMARY KEY, spiffe_id TEXT NOT NULL UNIQUE, last_bucket INTEGER NOT NULL
);
CREATE TABLE certificates (
  bucket INTEGER NOT NULL, identity INTEGER NOT NULL, at INTEGER NOT NULL,
  not_before INTEGER NOT NULL, not_after INTEGER NOT NULL, pod INTEGER NOT NULL,
  PRIMARY KEY (bucket, identity, at)
) WITHOUT ROWID;
CREATE TABLE keys (
  bucket INTEGER NOT NULL, hash INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (bucket, hash, at)
) WITHOUT ROWID;
CREATE TABLE authorities (fingerprint BLOB PRIMARY KEY, entry INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA user_version = ${indexVersion};`;

/** Per connection. The cache has room for the pages of one bucket. */
export const connectionSettings = "PRAGMA cache_size = -4096; PRAGMA temp_store = FILE;";
/** A power cut may lose the last second of derived data, but not its consistency. */
export const fileSettings =
  "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;";

export function versionOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
}

/** Clears an index or creates the tables of a new one, within a transaction of the caller. */
export function makeTables(database: DatabaseSync): void {
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  for (const { name } of tables) database.exec(`DROP TABLE "${String(name).replaceAll('"', '""')}"`);
  database.exec(schema);
}

/** Runs work in an exclusive write transaction, which is rolled back if it throws. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // A failed write may already have ended it.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
