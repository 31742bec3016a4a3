import { constants } from "node:fs";
import { type FileHandle, open, readlink, realpath } from "node:fs/promises";
import { errnoOf } from "@kasbah/runtime";
import { AgentError } from "../errors.ts";
import type { AllowedDirectories, ResolvedDirectories } from "./allowed-directories.ts";

const maxFileBytes = 1024 * 1024;

/** A file's bytes, and where it really lies. */
export interface ConfinedFile {
  readonly realPath: string;
  readonly content: Buffer;
}

/**
 * Reads a regular file of at most 1 MiB that lies, with every link followed, in an allowed directory. Nothing that a link or a
 * directory is changed to meanwhile leads outside: what was opened is looked at, not what the path says.
 * @throws AgentError `FILE_REFUSED` or `FILE_UNREADABLE`
 */
export async function readConfinedFile(
  path: string,
  allowed: AllowedDirectories,
  resolved: ResolvedDirectories,
): Promise<ConfinedFile> {
  const mayHold = (real: string) => allowed.isAlwaysAllowed(path) || resolved.hold(real);
  try {
    const realPath = await realpath(path);
    if (!mayHold(realPath))
      throw refused(path, "lies outside the allowed directories: --file-directory adds one");
    // A pipe must not hang us, nor a terminal become ours; the last name is no link any more.
    const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW, O_NOCTTY } = constants;
    const file = await open(realPath, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
    try {
      const opened = await openedPath(file, realPath);
      if (!mayHold(opened)) throw refused(path, "was replaced by a link out of the allowed directories");
      return { realPath, content: await readRegular(file, path) };
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof AgentError) throw cause;
    const reason = errnoOf(cause) ?? "failed";
    throw new AgentError("FILE_UNREADABLE", `the file ${path} cannot be read (${reason})`, { cause });
  }
}

/** Where the opened file lies, in the kernel's own words; where it has none (macOS), the path that was opened. */
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
  throw new AgentError("FILE_UNREADABLE", `the file ${path} grew while it was read`);
}

function refused(path: string, rule: string): AgentError {
  return new AgentError("FILE_REFUSED", `the file ${path} ${rule}`);
}
