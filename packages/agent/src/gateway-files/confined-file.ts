import { constants } from "node:fs";
import { type FileHandle, open, readlink, realpath } from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";
import { AgentError } from "../errors.ts";
import { explainUnreadable } from "../operator-file.ts";
import type { AllowedDirectories, ResolvedDirectories } from "./allowed-directories.ts";

const maxFileBytes = 1024 * 1024;

/** A file's contents and its path without links. */
export interface ConfinedFile {
  readonly realPath: string;
  readonly content: Buffer;
}

/**
 * Reads a regular file of at most 1 MiB whose resolved path is in an allowed directory. Concurrent changes to
 * links cannot redirect the read, because the opened file is checked, not the path.
 * @throws AgentError `FILE_REFUSED` or `FILE_UNREADABLE`
 */
export async function readConfinedFile(
  path: string,
  allowed: AllowedDirectories,
  resolved: ResolvedDirectories,
): Promise<ConfinedFile> {
  try {
    return await tryConfinedFile(path, allowed, resolved);
  } catch (cause) {
    if (cause instanceof AgentError) throw cause;
    const problem = await explainUnreadable(path, cause, "mount it, or correct the name");
    throw new AgentError("FILE_UNREADABLE", `cannot read the file ${problem}`, { cause });
  }
}

/**
 * Does the same, but throws the error of the system call. To explain it takes several more calls, which add
 * up for two thousand missing files that are looked for again and again.
 */
export async function tryConfinedFile(
  path: string,
  allowed: AllowedDirectories,
  resolved: ResolvedDirectories,
): Promise<ConfinedFile> {
  const mayHold = (real: string) => allowed.isAlwaysAllowed(path) || resolved.hold(real);
  const realPath = await realpath(path);
  if (!mayHold(realPath)) throw outside(path, realPath);
  // A pipe must not block, a terminal must not become the controlling one, and the resolved path no longer
  // ends in a link.
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW, O_NOCTTY } = constants;
  const file = await open(realPath, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
  try {
    const opened = await openedPath(file, realPath);
    if (!mayHold(opened)) throw refused(path, "was replaced by a link to outside the allowed directories");
    return { realPath, content: await readRegular(file, path) };
  } finally {
    await file.close();
  }
}

/**
 * The kernel's path of the opened file, or the path that was opened where the kernel does not provide it
 * (macOS).
 */
async function openedPath(file: FileHandle, realPath: string): Promise<string> {
  return readlink(`/proc/self/fd/${file.fd}`).catch(() => realPath);
}

async function readRegular(file: FileHandle, path: string): Promise<Buffer> {
  const stat = await file.stat();
  if (!stat.isFile()) throw refused(path, "is not a regular file");
  if (stat.size > maxFileBytes) throw refused(path, `is larger than ${maxFileBytes} bytes`);
  const buffer = Buffer.alloc(stat.size + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length);
    if (bytesRead === 0) return buffer.subarray(0, length);
    length += bytesRead;
  }
  throw new AgentError("FILE_UNREADABLE", `the file ${path} grew while the agent read it`);
}

function outside(path: string, realPath: string): AgentError {
  const isLink = realPath !== resolve(path);
  const where = isLink ? `leads to ${realPath}, which is outside` : "is outside";
  const home = homeOf(resolve(path), realPath);
  return refused(path, `${where} the allowed directories; add --file-directory ${home}`);
}

/**
 * The directory to allow: the one that holds both the link and the file, as /etc/letsencrypt does for certbot's live/
 * and archive/, unless that is the root or directly below it.
 */
function homeOf(path: string, realPath: string): string {
  const parts = dirname(realPath).split(sep);
  const other = dirname(path).split(sep);
  const end = parts.findIndex((part, index) => part !== other[index]);
  const shared = end === -1 ? parts : parts.slice(0, end);
  return shared.length > 2 ? shared.join(sep) : dirname(realPath);
}

function refused(path: string, rule: string): AgentError {
  return new AgentError("FILE_REFUSED", `the file ${path} ${rule}`);
}
