import { constants, type Stats } from "node:fs";
import { lstat, open, readFile, readlink } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** The content of a pid file, and the users who chose it. */
export interface PidFile {
  readonly text: string;
  /** The owners of the file and of each link that leads to it. */
  readonly owners: readonly PidFileOwner[];
}

interface PidFileOwner {
  /** What the user owns: `it`, which is the file, or a link. */
  readonly what: string;
  readonly uid: number;
}

const maxFileBytes = 4096;
/** As many as the kernel follows. */
const maxLinks = 40;

/** Reads a small regular file, without blocking on a pipe, and finds its owners. */
export async function readPidFile(path: string): Promise<PidFile> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new RangeError("it is not a regular file");
    if (stat.size > maxFileBytes) throw new RangeError(`it is larger than ${maxFileBytes} bytes`);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(maxFileBytes), 0, maxFileBytes, 0);
    return { text: buffer.toString("utf8", 0, bytesRead), owners: await ownersOf(path, stat) };
  } finally {
    await file.close();
  }
}

/** The owner of a link chooses the file that it leads to. */
async function ownersOf(path: string, opened: Stats): Promise<readonly PidFileOwner[]> {
  const owners: PidFileOwner[] = [{ what: "it", uid: opened.uid }];
  let at = path;
  for (let found = await lstat(at); found.isSymbolicLink(); found = await lstat(at)) {
    owners.push({ what: `the link ${at}`, uid: found.uid });
    if (owners.length > maxLinks) throw new RangeError("too many links lead to it");
    at = resolve(dirname(at), await readlink(at));
  }
  const { dev, ino } = await lstat(at);
  if (dev !== opened.dev || ino !== opened.ino) throw new RangeError("it was replaced while it was read");
  return owners;
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
