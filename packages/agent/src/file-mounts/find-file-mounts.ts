import { readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import type { AgentConfig } from "../config/options.ts";
import { caRootPath } from "../config/places.ts";

/** A file that is mounted by itself: `subPath` in Kubernetes, `-v file:file` in Docker. */
export interface FileMount {
  readonly path: string;
  /** Whether its source has been replaced or removed since, so that this process sees the old content. */
  readonly isStale: boolean;
}

const mountTable = "/proc/self/mountinfo";

/** The files that the agent reads, and the directories from which it serves files. */
export interface WatchedPlaces {
  readonly files: readonly string[];
  readonly directories: readonly string[];
}

export function watchedPlaces(config: AgentConfig): WatchedPlaces {
  const { tokenFile, provCert, mountedCertsDir, fileDirectories } = config;
  const pairs =
    provCert === undefined ? [] : ["key.pem", "cert-chain.pem"].map((name) => join(provCert, name));
  return {
    files: [caRootPath(config), tokenFile, ...pairs],
    directories: [mountedCertsDir, ...fileDirectories],
  };
}

/**
 * Finds the watched files that are mounted by themselves. A mount of a directory follows a file that is replaced in
 * it; a mount of a file stays with the old one. This module is small because every agent loads it.
 */
export async function findFileMounts(
  places: WatchedPlaces,
  table = mountTable,
): Promise<readonly FileMount[]> {
  // Other systems have no such table, and no such mounts.
  const mounts = parseMounts(await readFile(table, "utf8").catch(() => ""));
  const [files, directories] = await Promise.all([realPaths(places.files), realPaths(places.directories)]);
  const isWatched = ({ path }: FileMount) =>
    files.includes(path) || directories.some((directory) => path.startsWith(`${directory}/`));
  const found: FileMount[] = [];
  for (const mount of mounts.filter(isWatched)) if (await isFile(mount.path)) found.push(mount);
  return found;
}

/** proc_pid_mountinfo(5): the fourth field is the source within its file system, the fifth the place. */
function parseMounts(text: string): readonly FileMount[] {
  return text.split("\n").flatMap((line) => {
    const [, , , source, place] = line.split(" ");
    if (source === undefined || place === undefined) return [];
    return [{ path: withoutEscapes(place), isStale: source.endsWith("//deleted") }];
  });
}

/** The kernel writes blanks and backslashes as three octal digits. */
function withoutEscapes(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

async function realPaths(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(paths.map((path) => realpath(path).catch(() => [])));
  return found.flat();
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}
