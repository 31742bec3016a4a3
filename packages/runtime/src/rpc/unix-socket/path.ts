import { lstat, unlink } from "node:fs/promises";
import { createConnection } from "node:net";
import { dirname, join } from "node:path";
import { errnoOf, RuntimeError } from "../../errors.ts";
import { makeDirectories } from "../../files/make-directories.ts";
import { maxSocketPathBytes } from "../../socket-path.ts";
import { deniedSocket } from "./failure.ts";

const probeTimeoutMs = 1_000;

/**
 * Prepares `path` for binding: creates its directory (0700) and removes a dead socket of an earlier run.
 * Throws SOCKET_PATH_INVALID if the path is too long or is a file other than a socket, which is never
 * removed, SOCKET_IN_USE if a process answers on it, and SOCKET_ACCESS_DENIED if that cannot be known. `flag` is the flag that sets the path.
 */
export async function clearSocketPath(path: string, flag: string): Promise<void> {
  refuseLongPath(path, flag);
  await makeDirectories(dirname(path), 0o700);
  const problem = await fileProblem(path);
  if (problem !== undefined)
    throw new RuntimeError("SOCKET_PATH_INVALID", `${problem}, or choose another ${flag}`);
  if ((await inodeOf(path)) === undefined) return;
  await refuseLiveSocket(path, flag);
  await unlink(path);
}

function refuseLongPath(path: string, flag: string): void {
  const length = Buffer.byteLength(path);
  if (length <= maxSocketPathBytes) return;
  const message = `the socket path ${path} has ${length} bytes, but at most ${maxSocketPathBytes} are possible: choose a shorter ${flag}`;
  throw new RuntimeError("SOCKET_PATH_INVALID", message);
}

/** What is at the path of a socket and is none, and how to fix it. */
export async function fileProblem(path: string): Promise<string | undefined> {
  const found = await inodeOf(path);
  if (found === undefined || found.isSocket) return undefined;
  if (found.isDirectory) return `${path} is a directory: name a file in it, such as ${join(path, "socket")}`;
  return `${path} is not a socket: remove it`;
}

/** The identity of the file at a path. Symbolic links are not followed. */
export interface Inode {
  readonly device: number;
  readonly number: number;
  readonly isSocket: boolean;
  readonly isDirectory: boolean;
}

export async function inodeOf(path: string): Promise<Inode | undefined> {
  try {
    const stat = await lstat(path);
    return { device: stat.dev, number: stat.ino, isSocket: stat.isSocket(), isDirectory: stat.isDirectory() };
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Only a refused connection proves that the socket is dead; a timeout or a missing permission does not. */
async function refuseLiveSocket(path: string, flag: string): Promise<void> {
  const { isDead, cause } = await probe(path);
  if (isDead) return;
  if (errnoOf(cause) === "EACCES") throw deniedSocket({ path, flag }, await lstat(path), cause);
  const message = `another process serves ${path}: stop it or choose another ${flag}`;
  throw new RuntimeError("SOCKET_IN_USE", message, { cause });
}

function probe(path: string): Promise<{ readonly isDead: boolean; readonly cause?: unknown }> {
  return new Promise((resolve) => {
    const connection = createConnection(path);
    connection.setTimeout(probeTimeoutMs);
    connection.once("connect", () => resolve({ isDead: false }));
    connection.once("timeout", () => resolve({ isDead: false }));
    connection.once("error", (cause) => resolve({ isDead: errnoOf(cause) === "ECONNREFUSED", cause }));
    const close = () => connection.destroy();
    for (const event of ["connect", "timeout", "error"]) connection.once(event, close);
  });
}
