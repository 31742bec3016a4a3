const words: Readonly<Record<string, string>> = {
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EIO: "the device reports an I/O error",
  EACCES: "permission denied",
  EMFILE: "too many open files",
};

/** SQLite reports the system call's failure by a number of its own. */
const sqliteWords: Readonly<Record<number, string>> = {
  10: "the device reports an I/O error (SQLITE_IOERR)",
  13: "no space left on the device (SQLITE_FULL)",
};

/** Bounds the walk through causes, which could form a cycle. */
const maxDepth = 10;

/**
 * The reason of a failed write in the words of an operator, with the code of the system call: found in the error
 * or its causes. Without such a code, the message of the error.
 */
export function storageFailure(error: unknown): string {
  let cause = error;
  for (let depth = 0; depth < maxDepth && cause instanceof Error; depth += 1) {
    const code = "code" in cause ? String(cause.code) : "";
    const known = words[code];
    if (known !== undefined) return `${known} (${code})`;
    const fromSqlite = "errcode" in cause ? sqliteWords[Number(cause.errcode) & 0xff] : undefined;
    if (fromSqlite !== undefined) return fromSqlite;
    cause = cause.cause;
  }
  return error instanceof Error ? error.message : String(error);
}
