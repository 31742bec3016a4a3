import { chmod, chown, lutimes, rm } from "node:fs/promises";
import { join } from "node:path";
import { type DebianPackage, provideNewest, type Say } from "../debian-packages.ts";
import { type Image, userId } from "../images.ts";
import type { InstalledPackage } from "../installed-packages.ts";
import { findPinnedNode, type PinnedNode } from "../pinned-node.ts";
import { makeAppTree } from "./app-tree.ts";
import { debianPackages, makeBaseTree } from "./base-tree.ts";
import { makeBundleTree } from "./bundle-tree.ts";
import { settle } from "./tree.ts";

/** The files of the images before they become layers. */
export interface Trees {
  /** The base layer of all images. */
  readonly base: string;
  readonly debian: readonly DebianPackage[];
  readonly node: PinnedNode;
  readonly apps: readonly AppTree[];
}

export interface AppTree {
  readonly image: Image;
  readonly tree: string;
  readonly npm: readonly InstalledPackage[];
}

export interface TreesPlan {
  readonly root: string;
  readonly images: readonly Image[];
  /** The directory for `base/` and one tree per image. */
  readonly folder: string;
  readonly ageSeconds: number;
  readonly say: Say;
}

/** Makes the file trees of images, identical for the same sources and packages. */
export async function makeTrees(plan: TreesPlan): Promise<Trees> {
  const { root, folder, ageSeconds, say } = plan;
  const base = join(folder, "base");
  const debian = await provideNewest(debianPackages, say);
  const node = await findPinnedNode(root);
  say(`base: Node ${node.version} on ${debian.length} packages of Debian`);
  await rm(base, { recursive: true, force: true });
  await makeBaseTree(base, debian, node);
  await settle(base, ageSeconds);
  const apps: AppTree[] = [];
  for (const image of plan.images) {
    const tree = join(folder, image.name);
    const made = image.isBundle ? "bundle" : "production install";
    say(`${image.name}: ${made} of ${image.workspaces.join(" and ")}`);
    await rm(tree, { recursive: true, force: true });
    const npm = await (image.isBundle ? makeBundleTree(tree, image, root) : makeAppTree(tree, image, root));
    await settle(tree, ageSeconds);
    for (const writable of image.writable) await open(join(tree, writable), ageSeconds);
    apps.push({ image, tree, npm });
  }
  return { base, debian, node, apps };
}

/**
 * Owned by our user and by the root group, because some clusters give each namespace its own user in that
 * group.
 */
async function open(folder: string, ageSeconds: number): Promise<void> {
  await chown(folder, userId, 0);
  await chmod(folder, 0o770);
  await lutimes(folder, ageSeconds, ageSeconds);
}
