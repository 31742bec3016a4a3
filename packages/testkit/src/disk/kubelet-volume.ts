import { mkdir, readdir, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The files of a volume by name; `undefined` is a directory where the file should be. */
export type VolumeFiles = Readonly<Record<string, string | undefined>>;

/** A directory as kubelet mounts a Secret, ConfigMap or token: links to `..data`, which is a link to a directory of one generation. */
export interface KubeletVolume {
  readonly path: string;
  /** The path of a file inside. */
  join(name: string): string;
  /**
   * Replaces all contents at once, in kubelet's order: new directory, new link, rename over `..data`, links of new names made
   * and of old names removed, old directory removed.
   */
  swap(files: VolumeFiles): Promise<void>;
}

/** Mounts a volume with its first contents, on a directory that is made when it is not there. */
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

/** What a user sees are links through `..data`, which stay as they are when their names do. */
async function linkNames(path: string, names: readonly string[]): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true });
  const links = entries.filter((entry) => entry.isSymbolicLink() && !entry.name.startsWith(".."));
  const there = links.map(({ name }) => name);
  for (const name of names.filter((one) => !there.includes(one)))
    await symlink(`..data/${name}`, join(path, name));
  for (const name of there.filter((one) => !names.includes(one))) await rm(join(path, name));
}
