import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A directory as kubelet mounts a Secret or ConfigMap: links to `..data`, which is a link to a directory of one generation. */
export interface KubeletVolume {
  readonly path: string;
  /** Replaces all contents at once, in kubelet's order: new directory, new link, rename over `..data`, old directory removed. */
  swap(files: Readonly<Record<string, string>>): Promise<void>;
}

/** Mounts a volume with its first contents; later ones have the same file names. */
export async function mountKubeletVolume(
  path: string,
  files: Readonly<Record<string, string>>,
): Promise<KubeletVolume> {
  let generation = 0;
  const swap = async (contents: Readonly<Record<string, string>>) => {
    generation += 1;
    const name = `..2030_01_01_${generation}`;
    await mkdir(join(path, name), { recursive: true });
    for (const [file, content] of Object.entries(contents)) await writeFile(join(path, name, file), content);
    await symlink(name, join(path, "..data_tmp"));
    await rename(join(path, "..data_tmp"), join(path, "..data"));
    await rm(join(path, `..2030_01_01_${generation - 1}`), { recursive: true, force: true });
  };
  await swap(files);
  for (const file of Object.keys(files)) await symlink(`..data/${file}`, join(path, file));
  return { path, swap };
}
