import { chmod, chown, lstat, lutimes, readdir } from "node:fs/promises";
import { join } from "node:path";

/** One entry of a tree of files, with its path from the top. */
export interface Entry {
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink" | "other";
  readonly mode: number;
  readonly size: number;
}

/** Everything in a folder; a folder comes after what is in it. */
export async function entriesOf(top: string, below = ""): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const name of (await readdir(join(top, below))).sort()) {
    const path = join(below, name);
    const found = await lstat(join(top, path));
    if (found.isDirectory()) entries.push(...(await entriesOf(top, path)));
    const kind = found.isDirectory()
      ? "directory"
      : found.isSymbolicLink()
        ? "symlink"
        : found.isFile()
          ? "file"
          : "other";
    entries.push({ path, kind, mode: found.mode & 0o7777, size: found.size });
  }
  return entries;
}

/**
 * Makes a tree the same whoever built it and when: everything root's, as old as told, and writable for its owner
 * alone; what could be run before can be run by everybody.
 */
export async function settle(top: string, ageSeconds: number): Promise<void> {
  for (const { path, kind, mode } of [...(await entriesOf(top)), topEntry]) {
    const file = join(top, path);
    if (kind !== "symlink") {
      await chown(file, 0, 0);
      await chmod(file, kind === "directory" || mode & 0o100 ? 0o755 : 0o644);
    }
    await lutimes(file, ageSeconds, ageSeconds);
  }
}

const topEntry: Entry = { path: "", kind: "directory", mode: 0o755, size: 0 };

/** What the files of a tree come to. */
export async function bytesIn(top: string): Promise<number> {
  return (await entriesOf(top)).reduce((sum, { kind, size }) => sum + (kind === "file" ? size : 0), 0);
}
