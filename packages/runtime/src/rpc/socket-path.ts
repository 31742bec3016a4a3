import { lstat, mkdir, unlink } from "node:fs/promises";
import { createConnection } from "node:net";
import { dirname } from "node:path";
import { errnoOf, RuntimeError } from "../errors.ts";

/** sockaddr_un.sun_path holds 108 bytes with its NUL; the kernel, or libuv, would cut a longer one in silence. */
const maxPathBytes = 107;
const probeTimeoutMs = 1_000;

/**
 * Makes `path` free to bind: creates its directory (0700), removes a dead socket of an earlier run. Throws
 * SOCKET_PATH_INVALID when the path is too long or a file that is no socket stands there, which is never removed, and
 * SOCKET_IN_USE when somebody answers on it; `flag` is what chooses the path.
 */
export async function clearSocketPath(path: string, flag: string): Promise<void> {
  const length = Buffer.byteLength(path);
  if (length > maxPathBytes) {
    const message = `the socket path ${path} has ${length} bytes, ${maxPathBytes} are possible; choose a shorter ${flag}`;
    throw new RuntimeError("SOCKET_PATH_INVALID", message);
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const found = await inodeOf(path);
  if (found === undefined) return;
  if (!found.isSocket) {
    throw new RuntimeError(
      "SOCKET_PATH_INVALID",
      `${path} is not a socket; remove it, or choose another ${flag}`,
    );
  }
  await refuseLiveSocket(path, flag);
  await unlink(path);
}

/** Which file stands at a path; undefined when there is none. Symlinks are not followed. */
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

/** Only a refused connection proves that nobody is there: a timeout or a lack of permission proves nothing. */
function refuseLiveSocket(path: string, flag: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const inUse = (cause?: unknown) =>
      reject(
        new RuntimeError(
          "SOCKET_IN_USE",
          `another process serves ${path}; stop it, or choose another ${flag}`,
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
