import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { geteuid } from "node:process";

/**
 * Reads a file that only the agent can have written: a regular file, not a link, owned by the agent and not
 * accessible to group or others. Throws an error that names the rule, or `ENOENT` if there is no file.
 */
export async function readPrivateFile(path: string, maxBytes: number): Promise<string> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags);
  try {
    const { mode, uid, size, ...stat } = await file.stat();
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new Error("not a regular file");
    if ((mode & 0o077) !== 0) throw new Error("accessible to group or others");
    if (uid !== (geteuid?.() ?? uid)) throw new Error(`owned by user ${uid}`);
    if (stat.nlink !== 1) throw new Error("has more than one hard link");
    if (size > maxBytes) throw new Error(`larger than ${maxBytes} bytes`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}
