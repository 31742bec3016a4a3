import type { Stats } from "node:fs";
import { lstat, stat } from "node:fs/promises";
import { dirname, join, parse, sep } from "node:path";
import { getegid, geteuid } from "node:process";
import { errnoOf, RuntimeError } from "../../errors.ts";

const stickyBit = 0o1000;

/** The socket that could not be created. */
export interface FailedSocket {
  readonly path: string;
  /** The flag that sets the path. */
  readonly flag: string;
}

/**
 * Explains why a socket could not be created, from what the file system shows now. The failed call may have been about
 * the socket's temporary name, which an operator does not know. Returns the error itself if there is nothing to add.
 */
export async function explainSocketFailure(socket: FailedSocket, error: unknown): Promise<unknown> {
  const errno = errnoOf(error);
  const explain = errno === undefined || error instanceof RuntimeError ? undefined : explanations[errno];
  if (explain === undefined) return error;
  const { code, reason, fix } = await explain(socket.path);
  const message = `cannot create the socket ${socket.path} (${errno}): ${reason}: ${fix}, or choose another ${socket.flag}`;
  return new RuntimeError(code, message, { cause: error });
}

/** This process may not connect to the socket, so it cannot know whether another one serves it. */
export function deniedSocket({ path, flag }: FailedSocket, owner: Stats, cause: unknown): RuntimeError {
  const reason = `the socket belongs to ${ownerOf(owner)}, and ${thisProcess()} and may not connect to it`;
  const fix = `stop that process if there is one, remove the socket, or choose another ${flag}`;
  const message = `cannot tell whether another process serves ${path}: ${reason}: ${fix}`;
  return new RuntimeError("SOCKET_ACCESS_DENIED", message, { cause });
}

interface Explanation {
  readonly code: "SOCKET_ACCESS_DENIED" | "SOCKET_PATH_INVALID";
  readonly reason: string;
  /** An imperative. */
  readonly fix: string;
}

const explanations: Readonly<Record<string, (path: string) => Promise<Explanation>>> = {
  EACCES: explainDenied,
  EPERM: explainDenied,
  EROFS: explainReadOnly,
  ENOTDIR: explainFileInTheWay,
  EEXIST: explainFileInTheWay,
};

async function explainDenied(path: string): Promise<Explanation> {
  const { place, stats } = await lastPlace(dirname(path));
  const own = await lstat(path).catch(() => undefined);
  if (own !== undefined && (stats.mode & stickyBit) !== 0) {
    return {
      code: "SOCKET_ACCESS_DENIED",
      reason: `the directory ${place} has the sticky bit, so only its owner may replace the file there, which belongs to ${ownerOf(own)}; ${thisProcess()}`,
      fix: "remove the file as its owner",
    };
  }
  return {
    code: "SOCKET_ACCESS_DENIED",
    reason: `the directory ${place} belongs to ${ownerOf(stats)}, and ${thisProcess()}`,
    fix: `run chown ${user()} ${place}, in Kubernetes mount an emptyDir there`,
  };
}

async function explainReadOnly(path: string): Promise<Explanation> {
  const { place } = await lastPlace(dirname(path));
  return {
    code: "SOCKET_ACCESS_DENIED",
    reason: `the directory ${place} is on a read-only file system`,
    fix: "mount a writable volume there, in Kubernetes an emptyDir",
  };
}

async function explainFileInTheWay(path: string): Promise<Explanation> {
  const { place } = await lastPlace(dirname(path));
  return { code: "SOCKET_PATH_INVALID", reason: `${place} is a file, not a directory`, fix: "remove it" };
}

interface Place {
  readonly place: string;
  readonly stats: Stats;
}

/** The part of the path at which this process gets no further; the directory itself if it gets there. */
async function lastPlace(directory: string): Promise<Place> {
  const { root } = parse(directory);
  let last: Place = { place: root, stats: await stat(root) };
  for (const part of directory.slice(root.length).split(sep).filter(Boolean)) {
    const place = join(last.place, part);
    const stats = await stat(place).catch(() => undefined);
    if (stats === undefined) return last;
    last = { place, stats };
  }
  return last;
}

function ownerOf({ uid, gid, mode }: Stats): string {
  return `uid ${uid}, gid ${gid} with mode ${(mode & 0o7777).toString(8).padStart(4, "0")}`;
}

function thisProcess(): string {
  return `this process runs as uid ${geteuid?.()}, gid ${getegid?.()}`;
}

function user(): string {
  return `${geteuid?.()}:${getegid?.()}`;
}
