import { constants } from "node:fs";
import { open, readFile } from "node:fs/promises";

/** The content of a pid file, and who wrote it. */
export interface PidFile {
  readonly text: string;
  readonly uid: number;
}

const maxFileBytes = 4096;

/** Reads a small regular file, without blocking on a pipe, and its owner from the same descriptor. */
export async function readPidFile(path: string): Promise<PidFile> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new RangeError("it is not a regular file");
    if (stat.size > maxFileBytes) throw new RangeError(`it is larger than ${maxFileBytes} bytes`);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(maxFileBytes), 0, maxFileBytes, 0);
    return { text: buffer.toString("utf8", 0, bytesRead), uid: stat.uid };
  } finally {
    await file.close();
  }
}

/**
 * The user IDs of a process: real, effective, saved and that for files. Undefined if the system does not show them,
 * or there is no such process.
 */
export async function usersOf(pid: number): Promise<readonly number[] | undefined> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const [, list] = /^Uid:\t([\d\t]+)$/m.exec(status) ?? [];
  return list?.split("\t").map(Number);
}
