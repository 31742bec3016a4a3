import { mkdir, readdir, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The files of a volume by name; `undefined` creates a directory in place of the file. */
export type VolumeFiles = Readonly<Record<string, string | undefined>>;

/**
 * A directory as the kubelet mounts a Secret, ConfigMap or token: links into `..data`, which is a link to the
 * directory of one generation.
 */
export interface KubeletVolume {
  readonly path: string;
  /** The path of a file in the volume. */
  join(name: string): string;
  /**
   * Replaces all contents atomically, in the kubelet's order: new directory, new link, rename over `..data`,
   * new names linked, old names unlinked, old directory removed.
   */
  swap(files: VolumeFiles): Promise<void>;
}

/** Mounts a volume with its first contents on a directory, which is created if missing. */
export async function mountKubeletVolume(path: string, files: VolumeFiles): Promise<KubeletVolume> {
  let generation = 0;
  const within = (name: string) => join(path, name);
  const swap = async (contents: VolumeFiles) => {
    const before = await readlink(within("..data")).catch(() => undefined);
    generation += 1;
    const name = `..2030_01_01_${generation}`;
    await writeGeneration(within(name), contents);
    await symlink(name, within("..data_tmp"));
    await rename(within("..data_tmp"), within("..data"));
    await linkNames(path, Object.keys(contents));
    if (before !== undefined) await rm(within(before), { recursive: true, force: true });
  };
  await swap(files);
  return { path, join: within, swap };
}

async function writeGeneration(directory: string, contents: VolumeFiles): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, content] of Object.entries(contents)) {
    const path = join(directory, name);
    await (content === undefined ? mkdir(path) : writeFile(path, content));
  }
}

/** Users see links through `..data`, which stay the same while their names do. */
async function linkNames(path: string, names: readonly string[]): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true });
  const links = entries.filter((entry) => entry.isSymbolicLink() && !entry.name.startsWith(".."));
  const there = links.map(({ name }) => name);
  for (const name of names.filter((one) => !there.includes(one)))
    await symlink(`..data/${name}`, join(path, name));
  for (const name of there.filter((one) => !names.includes(one))) await rm(join(path, name));
}
