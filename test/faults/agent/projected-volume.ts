import { mkdir, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * A volume as kubelet projects it: every file is a link through `..data`, which one rename turns to a new directory. Whoever
 * opens a file sees all of the old set or all of the new one.
 */
export class ProjectedVolume {
  readonly directory: string;
  #generation = 0;

  constructor(directory: string) {
    this.directory = directory;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Replaces the whole content. `undefined` is a directory where the file should be. */
  async swap(files: Readonly<Record<string, string | undefined>>): Promise<void> {
    this.#generation += 1;
    const next = `..${this.#generation}`;
    await mkdir(this.path(next), { recursive: true });
    for (const [name, content] of Object.entries(files)) {
      const path = join(this.path(next), name);
      await (content === undefined ? mkdir(path) : writeFile(path, content));
      await symlink(join("..data", name), this.path(name)).catch(ignoreExisting);
    }
    const before = await readlink(this.path("..data")).catch(() => undefined);
    await symlink(next, this.path("..data_tmp"));
    await rename(this.path("..data_tmp"), this.path("..data"));
    if (before !== undefined) await rm(this.path(before), { recursive: true });
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
