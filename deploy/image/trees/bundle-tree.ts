import { chmod, cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bundleAgent } from "../../../scripts/bundles/bundle-agent.ts";
import { licensesOf, packagesIn } from "../../../scripts/bundles/contents.ts";
import { commandFolder, type Image, programFolder } from "../images.ts";
import { type InstalledPackage, packagesAt } from "../installed-packages.ts";

/** Makes the image-specific tree of a bundled command: its files, and the licenses of their content. */
export async function makeBundleTree(
  tree: string,
  image: Image,
  root: string,
): Promise<readonly InstalledPackage[]> {
  const program = join(tree, programFolder, `${image.entrypoint}.mjs`);
  const packages = await packagesIn(await bundleAgent(dirname(program)));
  // The image has no `env` to find Node, so the first line names Node for the kernel.
  const interpreter = [`${commandFolder}/node`, ...(image.nodeFlag === undefined ? [] : [image.nodeFlag])];
  await writeFile(program, `#!${interpreter.join(" ")}\n${await readFile(program, "utf8")}`);
  await chmod(program, 0o755);
  await mkdir(join(tree, commandFolder), { recursive: true });
  await symlink(join(programFolder, `${image.entrypoint}.mjs`), join(tree, commandFolder, image.entrypoint));
  const documents = join(tree, "usr/share/doc/kasbah");
  await cp(join(root, "LICENSE"), join(documents, "LICENSE"));
  await writeFile(join(documents, "LICENSES.txt"), await licensesOf(packages));
  return packagesAt(
    root,
    packages.map(({ folder }) => folder),
  );
}
