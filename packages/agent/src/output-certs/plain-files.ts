import { constants } from "node:fs";
import { lstat, open } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, type PublishedFile } from "@kasbah/runtime";

/** The file does not exist, is a link to elsewhere, or is not readable for the agent. */
const passedOver: ReadonlySet<string | undefined> = new Set(["ENOENT", "ELOOP", "EACCES", "EPERM"]);

/** Whether one of these names is a regular file and not a link. */
export async function hasPlainFile(directory: string, names: readonly string[]): Promise<boolean> {
  const isPlain = async (name: string) =>
    (await lstat(join(directory, name)).catch(() => undefined))?.isFile() ?? false;
  return (await Promise.all(names.map(isPlain))).includes(true);
}

/**
 * Reads an existing file, with its mode restricted to that of `wanted`. Only the agent's own links are
 * followed. Undefined if the file cannot be kept.
 */
export async function readStanding(
  path: string,
  wanted: PublishedFile,
  { isOurLink, maxBytes }: { readonly isOurLink: boolean; readonly maxBytes: number },
): Promise<PublishedFile | undefined> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (isOurLink ? 0 : constants.O_NOFOLLOW);
  const file = await open(path, flags).catch((error: unknown) => {
    if (passedOver.has(errnoOf(error))) return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.size > maxBytes) return undefined;
    return { name: wanted.name, bytes: await file.readFile(), mode: stat.mode & wanted.mode };
  } finally {
    await file.close();
  }
}
