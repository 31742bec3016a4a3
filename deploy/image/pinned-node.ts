import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ImageError } from "./image-error.ts";
import { run } from "./run.ts";

/** The Node version that package.json pins, as npm installed it. */
export interface PinnedNode {
  readonly version: string;
  readonly binary: string;
  readonly license: string;
  readonly sha256: string;
}

/** Finds the pinned Node and checks its version. */
export async function findPinnedNode(root: string): Promise<PinnedNode> {
  const { devDependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const version: string = devDependencies.node;
  const home = join(root, "node_modules/node");
  const binary = join(home, "bin/node");
  const found = (await run(binary, ["--version"])).trim();
  if (found !== `v${version}`) {
    throw new ImageError(`${binary} is ${found}, but package.json pins ${version}: run npm ci`);
  }
  const license = join(home, `node_modules/node-${process.platform}-${process.arch}/LICENSE`);
  const sha256 = createHash("sha256")
    .update(await readFile(binary))
    .digest("hex");
  return { version, binary, license, sha256 };
}
