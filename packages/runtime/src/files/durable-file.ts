import { constants } from "node:fs";
import { basename, dirname, join } from "node:path";
import { errnoOf, RuntimeError } from "../errors.ts";
import { type DurableFs, nodeFs } from "./durable-fs.ts";
import { storageFailure } from "./storage-failure.ts";

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;
const mostLeftovers = 1000;

/** One file of a published directory; `name` is a plain file name. */
export interface PublishedFile {
  readonly name: string;
  readonly bytes: string | Uint8Array;
  readonly mode: number;
}

/**
 * Replaces a file atomically: a reader of `path` finds the old bytes or the new ones, even after a power cut.
 * When it resolves, the new ones are durable. Never follows a symbolic link at `path`. Throws `FILE_NOT_DURABLE`;
 * never retries a failed fsync, because the kernel may have dropped the pages that it could not write.
 */
export async function writeFileDurably(
  path: string,
  bytes: string | Uint8Array,
  mode: number,
  fs: DurableFs = nodeFs,
): Promise<void> {
  try {
    const temporary = await writeTemporary(path, bytes, mode, fs);
    try {
      await fs.rename(temporary, path);
    } catch (error) {
      await discard(temporary, fs);
      throw error;
    }
    await syncDirectory(dirname(path), fs);
  } catch (error) {
    throw notDurable(`cannot write ${path}`, error);
  }
}

/**
 * Publishes a directory of files as one atomic set with mode 0700. Returns false if `target` already has
 * contents, for example the set of a faster process, which is then complete and durable. Throws
 * `FILE_NOT_DURABLE`.
 */
export async function publishDirectory(
  target: string,
  files: readonly PublishedFile[],
  fs: DurableFs = nodeFs,
): Promise<boolean> {
  // rename(2) replaces an empty directory, so with an empty set both processes would win.
  if (files.length === 0) throw new RangeError("a published directory needs at least one file");
  for (const { name } of files) requirePlainName(name);
  try {
    const temporary = await fs.mkdtemp(join(dirname(target), `.${basename(target)}.tmp-`));
    const won = await fillAndRename(temporary, target, files, fs);
    // The loser waits for durability as well, because it will use the winner's set.
    await syncDirectory(dirname(target), fs);
    return won;
  } catch (error) {
    throw notDurable(`cannot publish ${target}`, error);
  }
}

/** Makes the entries of a directory durable. */
export async function syncDirectory(path: string, fs: DurableFs = nodeFs): Promise<void> {
  const handle = await fs.open(path, O_RDONLY | O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A crash may leave temporary files behind, so the next free name is used; O_EXCL decides every race. */
async function writeTemporary(
  path: string,
  bytes: string | Uint8Array,
  mode: number,
  fs: DurableFs,
): Promise<string> {
  for (let i = 0; ; i++) {
    const temporary = join(dirname(path), `.${basename(path)}.tmp-${i}`);
    try {
      await writeNew(temporary, bytes, mode, fs);
      return temporary;
    } catch (error) {
      if (errnoOf(error) !== "EEXIST" || i >= mostLeftovers) throw error;
    }
  }
}

async function writeNew(
  path: string,
  bytes: string | Uint8Array,
  mode: number,
  fs: DurableFs,
): Promise<void> {
  // 0600 until all bytes are written. The final mode is set last, regardless of the umask.
  const handle = await fs.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    try {
      await handle.writeFile(bytes);
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    await discard(path, fs);
    throw error;
  }
}

async function fillAndRename(
  temporary: string,
  target: string,
  files: readonly PublishedFile[],
  fs: DurableFs,
): Promise<boolean> {
  let won = false;
  try {
    for (const file of files) await writeNew(join(temporary, file.name), file.bytes, file.mode, fs);
    await syncDirectory(temporary, fs);
    won = await renameUnlessTaken(temporary, target, fs);
    return won;
  } finally {
    if (!won) await fs.rm(temporary, { recursive: true, force: true }).catch(() => {});
  }
}

async function renameUnlessTaken(from: string, to: string, fs: DurableFs): Promise<boolean> {
  try {
    await fs.rename(from, to);
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOTEMPTY" || errno === "EEXIST") return false;
    throw error;
  }
}

async function discard(path: string, fs: DurableFs): Promise<void> {
  await fs.unlink(path).catch(() => {});
}

function requirePlainName(name: string): void {
  if (name === "" || name === "." || name === ".." || name.includes("/") || name.includes("\0")) {
    throw new RangeError("a published file needs a plain name");
  }
}

function notDurable(what: string, cause: unknown): RuntimeError {
  return new RuntimeError("FILE_NOT_DURABLE", `${what}: ${reasonOf(cause)}`, { cause });
}

/** Equal for equal failures, so that it is logged once: the system's own message names the temporary file. */
function reasonOf(cause: unknown): string {
  const errno = errnoOf(cause) ?? "unexpected failure";
  const words = storageFailure(cause);
  return words.endsWith(`(${errno})`) ? words : errno;
}
