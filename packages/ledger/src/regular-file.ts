import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { LedgerError } from "./errors.ts";

/** More than any file of a ledger except its segments. */
const maxBytes = 1_048_576;

/** Otherwise opening a pipe that someone has put in place of the file would wait forever. */
const flags = constants.O_RDONLY | constants.O_NONBLOCK;

/** Opens a file of the ledger to read it. @throws LedgerError `LEDGER_DAMAGED` if it is not a regular file */
export async function openRegularFile(path: string): Promise<FileHandle> {
  const file = await open(path, flags).catch((cause: unknown) => {
    // A socket cannot be opened at all.
    if (cause instanceof Error && "code" in cause && cause.code === "ENXIO") throw irregular(path);
    throw cause;
  });
  const isFile = (await file.stat()).isFile();
  if (isFile) return file;
  await file.close();
  throw irregular(path);
}

/** @throws LedgerError `LEDGER_DAMAGED` if it is not a regular file */
export async function requireRegularFile(path: string): Promise<void> {
  if (!(await stat(path)).isFile()) throw irregular(path);
}

/** Reads a small file. @throws LedgerError `LEDGER_DAMAGED` if it is not a regular file, or is too large */
export async function readRegularFile(path: string): Promise<Buffer> {
  const file = await openRegularFile(path);
  try {
    const { size } = await file.stat();
    if (size > maxBytes) throw damaged(`${path} has ${size} bytes, expected at most ${maxBytes}`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function irregular(path: string): LedgerError {
  return damaged(`${path} is not a regular file`);
}

function damaged(problem: string): LedgerError {
  return new LedgerError("LEDGER_DAMAGED", problem);
}
