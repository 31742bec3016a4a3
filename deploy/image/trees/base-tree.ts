import { copyFile, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DebianPackage } from "../debian-packages.ts";
import { commandFolder, userId } from "../images.ts";
import type { PinnedNode } from "../pinned-node.ts";
import { type Entry, entriesOf } from "./tree.ts";

/** The libraries that Node is linked with, and the files that identify the system to scanners. */
export const debianPackages: readonly string[] = [
  "base-files",
  "gcc-12-base",
  "libatomic1",
  "libc6",
  "libgcc-s1",
  "libstdc++6",
];

/**
 * The files to keep: shared libraries, the system's identification and copyright notices, but no programs.
 */
const kept: readonly RegExp[] = [
  /^(usr\/)?lib(64)?\/([a-z0-9_]+-linux-gnu\/)?(lib|ld-)[^/]+\.so[.0-9]*$/,
  /^(etc|usr\/lib)\/os-release$/,
  /^etc\/debian_version$/,
  /^usr\/share\/doc\/[^/]+(\/copyright)?$/,
];
const isKept = ({ path, kind }: Entry) =>
  (kind === "file" || kind === "symlink") && kept.some((pattern) => pattern.test(path));

/** Makes the tree that both images share: Node and its libraries, and no other program. */
export async function makeBaseTree(
  tree: string,
  packages: readonly DebianPackage[],
  node: PinnedNode,
): Promise<void> {
  for (const debianPackage of packages) await addPackage(tree, debianPackage);
  await add(tree, `${commandFolder}/node`, node.binary);
  await add(tree, "usr/share/doc/node/LICENSE", node.license);
  for (const [path, text] of Object.entries(systemFiles)) await addText(tree, path, text);
}

// Without a shell, nothing can log in. Names are resolved from files first, then by the cluster's DNS.
const systemFiles = {
  "etc/passwd": `root:x:0:0:root:/:/nonexistent\nkasbah:x:${userId}:${userId}:kasbah:/:/nonexistent\n`,
  "etc/group": `root:x:0:\nkasbah:x:${userId}:\n`,
  "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
};

async function addPackage(tree: string, { name, directory }: DebianPackage): Promise<void> {
  for (const { path } of (await entriesOf(directory)).filter(isKept)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await cp(join(directory, path), join(tree, path), { verbatimSymlinks: true });
  }
  // Scanners look for packages here in an image without dpkg.
  const control = await readFile(join(directory, "DEBIAN/control"), "utf8");
  await addText(tree, `var/lib/dpkg/status.d/${name}`, control);
}

async function add(tree: string, path: string, from: string): Promise<void> {
  await mkdir(dirname(join(tree, path)), { recursive: true });
  await copyFile(from, join(tree, path));
}

async function addText(tree: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(tree, path)), { recursive: true });
  await writeFile(join(tree, path), text);
}
