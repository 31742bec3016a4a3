import { readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { DurableFs, PublishedFile } from "@kasbah/runtime";
import { dataLink } from "./generations.ts";

/**
 * Removes the agent's links to files that it no longer writes, because another format or name is configured. A
 * program must not find an old name that leads nowhere. What cannot be removed stays until the next set.
 */
export async function dropStaleLinks(
  directory: string,
  files: readonly PublishedFile[],
  fs: Pick<DurableFs, "unlink">,
): Promise<void> {
  const wanted = new Set(files.map(({ name }) => name));
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((one) => !wanted.has(one))) {
    const path = join(directory, name);
    const target = await readlink(path).catch(() => undefined);
    if (target === `${dataLink}/${name}`) await fs.unlink(path).catch(() => undefined);
  }
}
