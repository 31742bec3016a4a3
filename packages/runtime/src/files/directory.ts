import { constants } from "node:fs";
import { dirname, resolve } from "node:path";
import { geteuid } from "node:process";
import { errnoOf, RuntimeError } from "../errors.ts";
import { syncDirectory } from "./durable-file.ts";
import { type DurableFs, nodeFs } from "./durable-fs.ts";
import { makeDirectories } from "./make-directories.ts";

/**
 * Ensures that `path` is a directory, and creates it and its parents durably with `mode`. Throws
 * `DIRECTORY_UNSAFE` if it must be private (`mode` has no group or other bits) but another user owns it or
 * can access it: its contents may be known or forged. Throws `DIRECTORY_UNUSABLE` if it cannot be created.
 */
export async function ensureDirectory(path: string, mode: number, fs: DurableFs = nodeFs): Promise<void> {
  const directory = resolve(path);
  try {
    const first = await makeDirectories(directory, mode, fs);
    if (first !== undefined) await settle(directory, first, mode, fs);
  } catch (cause) {
    const reason = errnoOf(cause) ?? "unexpected failure";
    const hint = hints[reason] ?? "";
    throw new RuntimeError("DIRECTORY_UNUSABLE", `cannot create directory ${directory}: ${reason}${hint}`, {
      cause,
    });
  }
  if ((mode & 0o077) === 0) await requirePrivate(directory, fs);
}

const hints: Readonly<Record<string, string>> = {
  EROFS: ", its file system is read-only: mount a volume there",
  ENOENT: ", nothing can be created there: choose another directory",
};

/** Sets the mode regardless of the umask, and makes each new directory durable in its parent. */
async function settle(directory: string, first: string, mode: number, fs: DurableFs): Promise<void> {
  const handle = await fs.open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
  for (let created = directory; ; created = dirname(created)) {
    await syncDirectory(dirname(created), fs);
    if (created === resolve(first) || created === dirname(created)) return;
  }
}

async function requirePrivate(directory: string, fs: DurableFs): Promise<void> {
  const { mode, uid } = await fs.stat(directory);
  const shown = (mode & 0o777).toString(8).padStart(4, "0");
  if ((mode & 0o077) !== 0) {
    throw new RuntimeError(
      "DIRECTORY_UNSAFE",
      `directory ${directory} has mode ${shown}, so other users can access it: make sure that none has, then run chmod 0700 on it`,
    );
  }
  const self = geteuid?.();
  if (self !== undefined && uid !== self) {
    throw new RuntimeError(
      "DIRECTORY_UNSAFE",
      `directory ${directory} belongs to user ${uid}, but this process runs as user ${self}`,
    );
  }
}
