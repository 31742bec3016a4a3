import { DatabaseSync } from "node:sqlite";
import { type Clock, storageFailure } from "@kasbah/runtime";
import { CliError } from "../../errors.ts";

/** How long a caller waits for other commands. */
export interface LockPatience {
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

const sqliteBusy = 5;
const pollEveryMs = 20;

/**
 * Runs `work` while no other process holds the lock at `path`. Node has no flock, so the lock is SQLite's
 * exclusive transaction, which the kernel releases even after SIGKILL.
 *
 * @throws CliError `DEV_FOLDER_UNUSABLE` if the file cannot be locked, or not in time
 */
export async function withFileLock<T>(
  path: string,
  patience: LockPatience,
  work: () => Promise<T>,
): Promise<T> {
  const database = await acquire(path, patience);
  try {
    return await work();
  } finally {
    database.close();
  }
}

async function acquire(path: string, { clock, deadlineMs, signal }: LockPatience): Promise<DatabaseSync> {
  const startedAt = clock.monotonicMs();
  for (;;) {
    const database = tryLock(path);
    if (database !== undefined) return database;
    if (clock.monotonicMs() - startedAt > deadlineMs) {
      throw new CliError(
        "DEV_FOLDER_UNUSABLE",
        `another kasbah dev command has used ${path} for ${deadlineMs / 1000} s: stop it and try again`,
      );
    }
    await clock.sleep(pollEveryMs, signal);
  }
}

/** Undefined if another process holds the lock. */
function tryLock(path: string): DatabaseSync | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch (cause) {
    database?.close();
    if (cause instanceof Error && "errcode" in cause && cause.errcode === sqliteBusy) return undefined;
    throw new CliError("DEV_FOLDER_UNUSABLE", `cannot lock ${path}: ${storageFailure(cause)}`, { cause });
  }
}
