import { lstat, mkdir, unlink } from "node:fs/promises";
import { createConnection } from "node:net";
import { dirname } from "node:path";
import { errnoOf, RuntimeError } from "../errors.ts";

/**
 * sockaddr_un.sun_path holds 108 bytes including the NUL. The kernel or libuv silently truncates a longer
 * path.
 */
const maxPathBytes = 107;
const probeTimeoutMs = 1_000;

/**
 * Prepares `path` for binding: creates its directory (0700) and removes a dead socket of an earlier run.
 * Throws SOCKET_PATH_INVALID if the path is too long or is a file other than a socket, which is never
 * removed, and SOCKET_IN_USE if a process answers on it. `flag` is the flag that sets the path.
 */
export async function clearSocketPath(path: string, flag: string): Promise<void> {
  const length = Buffer.byteLength(path);
  if (length > maxPathBytes) {
    const message = `the socket path ${path} has ${length} bytes, but at most ${maxPathBytes} are possible: choose a shorter ${flag}`;
    throw new RuntimeError("SOCKET_PATH_INVALID", message);
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const found = await inodeOf(path);
  if (found === undefined) return;
  if (!found.isSocket) {
    throw new RuntimeError(
      "SOCKET_PATH_INVALID",
      `${path} is not a socket: remove it or choose another ${flag}`,
    );
  }
  await refuseLiveSocket(path, flag);
  await unlink(path);
}

/** The identity of the file at a path. Symbolic links are not followed. */
export interface Inode {
  readonly device: number;
  readonly number: number;
  readonly isSocket: boolean;
}

export async function inodeOf(path: string): Promise<Inode | undefined> {
  try {
    const stat = await lstat(path);
    return { device: stat.dev, number: stat.ino, isSocket: stat.isSocket() };
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Only a refused connection proves that the socket is dead; a timeout or a missing permission does not. */
function refuseLiveSocket(path: string, flag: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const inUse = (cause?: unknown) =>
      reject(
        new RuntimeError(
          "SOCKET_IN_USE",
          `another process serves ${path}: stop it or choose another ${flag}`,
          { cause },
        ),
      );
    const probe = createConnection(path);
    probe.setTimeout(probeTimeoutMs);
    probe.once("connect", () => inUse());
    probe.once("timeout", () => inUse());
    probe.once("error", (error) => (errnoOf(error) === "ECONNREFUSED" ? resolve() : inUse(error)));
    const close = () => probe.destroy();
    for (const event of ["connect", "timeout", "error"]) probe.once(event, close);
  });
}
