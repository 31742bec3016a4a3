import { dirname, resolve } from "node:path";
import { errnoOf } from "../errors.ts";
import { type DurableFs, nodeFs } from "./durable-fs.ts";

/**
 * Creates a directory with its parents, and returns the first one that was missing. Not Node's recursive mkdir, which never
 * ends below /proc, and reports a read-only or full file system as a missing directory.
 */
export async function makeDirectories(
  path: string,
  mode: number,
  fs: Pick<DurableFs, "mkdir" | "stat"> = nodeFs,
): Promise<string | undefined> {
  const directory = resolve(path);
  try {
    await fs.mkdir(directory, mode);
    return directory;
  } catch (error) {
    if (errnoOf(error) !== "ENOENT" || dirname(directory) === directory) {
      return existing(directory, error, fs);
    }
  }
  const first = await makeDirectories(dirname(directory), mode, fs);
  try {
    await fs.mkdir(directory, mode);
  } catch (error) {
    // Another process may have created it meanwhile.
    await existing(directory, error, fs);
  }
  return first ?? directory;
}

/** Throws `error` unless the directory exists. */
async function existing(directory: string, error: unknown, fs: Pick<DurableFs, "stat">): Promise<undefined> {
  const found = await fs.stat(directory).catch(() => undefined);
  if (found?.isDirectory() !== true) throw error;
}
