import type { Stats } from "node:fs";
import { chmod, chown, lstat, lutimes, readdir, readlink } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";

/** One entry of a file tree, with its path relative to the top. */
export interface Entry {
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink" | "other";
  readonly mode: number;
  readonly size: number;
  /** The target of a link, relative to the top. */
  readonly target?: string;
}

/** All entries of a directory; a directory comes after its content. */
export async function entriesOf(top: string, below = ""): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const name of (await readdir(join(top, below))).sort()) {
    const path = join(below, name);
    const found = await lstat(join(top, path));
    if (found.isDirectory()) entries.push(...(await entriesOf(top, path)));
    const entry = { path, kind: kindOf(found), mode: found.mode & 0o7777, size: found.size };
    const target = entry.kind === "symlink" ? { target: await targetOf(top, path) } : {};
    entries.push({ ...entry, ...target });
  }
  return entries;
}

function kindOf(found: Stats): Entry["kind"] {
  if (found.isDirectory()) return "directory";
  if (found.isSymbolicLink()) return "symlink";
  return found.isFile() ? "file" : "other";
}

async function targetOf(top: string, path: string): Promise<string> {
  return relative("/", resolve("/", dirname(path), await readlink(join(top, path))));
}

/**
 * Makes a tree reproducible: all files belong to root, have the given time and are writable only by their
 * owner. Files that their owner can execute become executable by everyone.
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

/** The total size of the files in a tree. */
export async function bytesIn(top: string): Promise<number> {
  return (await entriesOf(top)).reduce((sum, { kind, size }) => sum + (kind === "file" ? size : 0), 0);
}
