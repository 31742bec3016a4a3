import { access, constants, readdir, stat, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { ensureDirectory, errnoOf, printableText } from "@kasbah/runtime";
import { CliError } from "../../errors.ts";
import type { DevDeps } from "../dev-deps.ts";
import { withFolderErrors } from "./folder-error.ts";
import { devLayoutOf, type Layout } from "./layout.ts";

/**
 * Creates the folder if it is missing: private, and ignored by git.
 *
 * @throws CliError `DEV_FOLDER_UNUSABLE` if it cannot be written, belongs to another user, or holds other files
 */
export function prepareFolder(folder: string, deps: Pick<DevDeps, "uid">): Promise<Layout> {
  const layout = devLayoutOf(folder);
  return withFolderErrors(folder, async () => {
    if (await isMissing(folder)) await ensureDirectory(folder, 0o700);
    await requireOwner(folder, deps);
    if (await isMissing(layout.document)) await refuseOtherFiles(layout);
    await requirePrivate(folder);
    await writeFile(layout.gitignore, "*\n", { mode: 0o600 });
    return layout;
  });
}

/**
 * An existing folder with records.
 *
 * @throws CliError `DEV_FOLDER_UNUSABLE` if it is another folder, belongs to another user, or is open to others
 */
export function openDevFolder(folder: string, deps: Pick<DevDeps, "uid">): Promise<Layout> {
  const layout = devLayoutOf(folder);
  return withFolderErrors(folder, async () => {
    await requireOwner(folder, deps);
    if (await isMissing(layout.document)) throw noFolderOfOurs(layout);
    await requirePrivate(folder);
    return layout;
  });
}

function noFolderOfOurs({ document, folder }: Layout): CliError {
  return new CliError(
    "DEV_FOLDER_UNUSABLE",
    `${document} does not exist, so ${folder} is no folder of kasbah dev: name the right one with --dir, or run kasbah dev up`,
  );
}

async function requireOwner(folder: string, { uid }: Pick<DevDeps, "uid">): Promise<void> {
  const { uid: owner } = await stat(folder);
  if (uid === undefined || owner === uid) return;
  throw new CliError(
    "DEV_FOLDER_UNUSABLE",
    `${folder} belongs to user ${owner}, and this command runs as user ${uid}: run it as user ${owner}, or choose another folder with --dir`,
  );
}

async function requirePrivate(folder: string): Promise<void> {
  const { mode } = await stat(folder);
  if ((mode & 0o077) !== 0) {
    throw new CliError(
      "DEV_FOLDER_UNUSABLE",
      `other users can enter ${folder}, which holds keys: run chmod 700 ${folder}`,
    );
  }
  await access(folder, constants.W_OK | constants.X_OK);
}

/** Another folder would mix with ours, and `kasbah dev down --purge` would delete it. */
async function refuseOtherFiles(layout: Layout): Promise<void> {
  const ours = Object.values(layout).map((path) => basename(path));
  const isOurs = (name: string) =>
    ours.includes(name.replace(/-(journal|wal|shm)$/, "")) || name.startsWith(".dev.json");
  const other = (await readdir(layout.folder)).find((name) => !isOurs(name));
  if (other === undefined) return;
  throw new CliError(
    "DEV_FOLDER_UNUSABLE",
    `${layout.folder} holds other files, such as ${printableText(other)}: choose an empty folder, or a new one, with --dir`,
  );
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await stat(path);
    return false;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errnoOf(error) ?? "")) return true;
    throw error;
  }
}
