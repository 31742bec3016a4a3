import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** The bytes of a file, or of all files in a directory. Files that disappear meanwhile count as empty. */
export async function directoryBytes(path: string): Promise<number> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return 0;
  if (!found.isDirectory()) return found.size;
  const names = await readdir(path).catch(() => []);
  const sizes = await Promise.all(names.map((name) => directoryBytes(join(path, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}
