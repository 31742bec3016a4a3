import type { DatabaseSync } from "node:sqlite";

/** Raised with every change below: an index of another version is made anew. */
export const indexVersion = 1;

/**
 * Entries are indexed in buckets of so many. Keys are random, and in one tree each would touch another page, so that the
 * hundredth million entries would cost far more than the first. In a tree ordered by bucket all that is written lies in
 * its last pages; a search looks once into each bucket, newest first.
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

/** For one connection. The cache has room for the pages of a bucket. */
export const connectionSettings = "PRAGMA cache_size = -4096; PRAGMA temp_store = FILE;";
/** Derived data may lose its last second in a power cut, never its consistency. */
export const fileSettings =
  "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;";

export function versionOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
}

/** Empties an index, or makes the tables of a new one; within a transaction of the caller's. */
export function makeTables(database: DatabaseSync): void {
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  for (const { name } of tables) database.exec(`DROP TABLE "${String(name).replaceAll('"', '""')}"`);
  database.exec(schema);
}

/** Runs work that writes alone; what it did is undone when it throws. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // A failed write may have ended it already.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
