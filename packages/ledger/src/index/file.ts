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

/** An index that lives as long as its process. */
export function openMemory(): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  inTransaction(database, () => makeTables(database));
  return database;
}

/**
 * Opens an index to write in it. What is missing, damaged or of another version is made anew, which is all that can be
 * wrong with it: the entries stand in the segments.
 *
 * @throws Error when this process may not write there
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

/** @throws Error when there is none that this release and process can read */
export function openToRead(path: string): DatabaseSync {
  try {
    return readable(path);
  } catch (error) {
    // SQLite writes beside a file even to read it. Where it can not, and no log says that others are writing, it need not.
    if (existsSync(`${path}-wal`)) throw error;
    const url = pathToFileURL(path);
    url.searchParams.set("immutable", "1");
    return readable(url);
  }
}

function readable(path: string | URL): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, timeout: busyMs });
  try {
    if (versionOf(database) !== indexVersion) throw new Error("the index is of another version");
    database.exec(connectionSettings);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Its log first: SQLite would take it for that of the next index. */
export function removeIndex(path: string): void {
  for (const suffix of ["-wal", "-shm", ""]) rmSync(`${path}${suffix}`, { force: true });
}

/** Whether the file is no index that SQLite can use. */
export function isDamaged(error: unknown): boolean {
  if (!(error instanceof Error && "errcode" in error)) return false;
  // The octet above tells more of the same.
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
 * The index belongs to whom the ledger belongs: one of root's would lock out a CA of another user. SQLite gives the files
 * beside it the same owner.
 */
function createFile(path: string): void {
  const { uid, gid } = statSync(dirname(path));
  let file: number;
  try {
    file = openSync(path, "wx", 0o600);
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
    // Root follows nobody's link.
    if (lstatSync(path).isFile()) return;
    throw Object.assign(new Error("the index is no regular file"), { code: "EPERM" });
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
