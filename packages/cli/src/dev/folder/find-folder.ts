import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { CliError } from "../../errors.ts";
import type { DevDeps } from "../dev-deps.ts";
import { folderName } from "./layout.ts";

/** How a command names its folder: by `--dir`, else by the working directory. */
export interface FolderChoice {
  readonly dir?: string;
}

/** The folder of `--dir`, or the nearest `.kasbah` from here upwards; undefined if there is none. */
export async function findFolder(
  { dir }: FolderChoice,
  { cwd }: Pick<DevDeps, "cwd">,
): Promise<string | undefined> {
  if (dir !== undefined) {
    const named = resolve(cwd, dir);
    return (await isDirectory(named)) ? named : undefined;
  }
  for (let parent = cwd; ; parent = dirname(parent)) {
    const candidate = join(parent, folderName);
    if (await isDirectory(candidate)) return candidate;
    if (dirname(parent) === parent) return undefined;
  }
}

/** Where a new folder is created if none is found. */
export function newFolder({ dir }: FolderChoice, { cwd }: Pick<DevDeps, "cwd">): string {
  return resolve(cwd, dir ?? folderName);
}

/** @throws CliError `DEV_FOLDER_MISSING` */
export async function requireFolder(choice: FolderChoice, deps: Pick<DevDeps, "cwd">): Promise<string> {
  const found = await findFolder(choice, deps);
  if (found !== undefined) return found;
  const where =
    choice.dir === undefined
      ? `${deps.cwd} and its parents have no ${folderName}`
      : `${newFolder(choice, deps)} does not exist`;
  throw new CliError("DEV_FOLDER_MISSING", `${where}: run kasbah dev up first`);
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
