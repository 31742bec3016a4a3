import { closeSync, existsSync, fchownSync, lstatSync, openSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { errnoOf } from "@kasbah/runtime";
import {
  connectionSettings,
  fileSettings,
  indexVersion,
  inTransaction,
  makeTables,
  versionOf,
} from "./schema.ts";

/** The CA and a command may write at the same time; each holds the lock for the milliseconds of one batch. */
const busyMs = 5_000;
const sqliteCorrupt = 11;
const sqliteNotADatabase = 26;

/** An index in memory. */
export function openMemory(): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  inTransaction(database, () => makeTables(database));
  return database;
}

/**
 * Opens an index for writing. It is recreated if it is missing, damaged or of another version, which loses
 * nothing because the entries are in the segments.
 *
 * @throws Error if this process may not write there
 */
export function openToWrite(path: string): DatabaseSync {
  createFile(path);
  try {
    return opened(path);
  } catch (error) {
    if (!isDamaged(error)) throw error;
    removeIndex(path);
    createFile(path);
    return opened(path);
  }
}

/** @throws Error if there is no index that this release and process can read */
export function openToRead(path: string): DatabaseSync {
  try {
    return readable(path);
  } catch (error) {
    // SQLite writes next to a file even to read it. If it cannot, and no write-ahead log shows another
    // writer, the file can be opened as immutable.
    if (existsSync(`${path}-wal`)) throw error;
    const url = pathToFileURL(path);
    url.searchParams.set("immutable", "1");
    return readable(url);
  }
}

function readable(path: string | URL): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, timeout: busyMs });
  try {
    if (versionOf(database) !== indexVersion) throw new Error("the index has another version");
    database.exec(connectionSettings);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Removes the write-ahead log first, because SQLite would apply it to the next index. */
export function removeIndex(path: string): void {
  for (const suffix of ["-wal", "-shm", ""]) rmSync(`${path}${suffix}`, { force: true });
}

/** Whether the error means that SQLite cannot use the file as an index. */
export function isDamaged(error: unknown): boolean {
  if (!(error instanceof Error && "errcode" in error)) return false;
  // The higher octets only refine the code.
  const code = Number(error.errcode) & 0xff;
  return code === sqliteCorrupt || code === sqliteNotADatabase;
}

function opened(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: busyMs });
  try {
    database.exec(connectionSettings);
    database.exec(fileSettings);
    inTransaction(database, () => {
      if (versionOf(database) !== indexVersion) makeTables(database);
    });
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * The index gets the owner of the ledger: an index owned by root would lock out a CA that runs as another
 * user. SQLite gives its other files the same owner.
 */
function createFile(path: string): void {
  const { uid, gid } = statSync(dirname(path));
  let file: number;
  try {
    file = openSync(path, "wx", 0o600);
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
    // Root must not follow a link that another user has created.
    if (lstatSync(path).isFile()) return;
    throw Object.assign(new Error("the index is not a regular file"), { code: "EPERM" });
  }
  try {
    fchownSync(file, uid, gid);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}
