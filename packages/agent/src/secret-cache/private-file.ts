import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { geteuid } from "node:process";

/**
 * Reads a file that only we can have written: no symbolic link, a regular file, ours, and closed to group and others.
 * Throws an error that names the rule; `ENOENT` when there is no file.
 */
export async function readPrivateFile(path: string, maxBytes: number): Promise<string> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags);
  try {
    const { mode, uid, size, ...stat } = await file.stat();
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new Error("it is not a regular file");
    if ((mode & 0o077) !== 0) throw new Error("group or others may open it");
    if (uid !== (geteuid?.() ?? uid)) throw new Error(`it belongs to user ${uid}`);
    if (stat.nlink !== 1) throw new Error("it has a second name");
    if (size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}
