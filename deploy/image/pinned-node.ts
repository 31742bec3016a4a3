import { join } from "node:path";
import { pinnedNodeFor, pinnedNodeProblem } from "../../scripts/pinned-node/pinned-node.js";
import { ImageError } from "./image-error.ts";
import { run } from "./run.ts";

/** The Node that the project pins, as npm installed it. */
export interface PinnedNode {
  readonly version: string;
  readonly binary: string;
  readonly license: string;
  readonly sha256: string;
}

/** Finds the pinned Node and checks its digest, then its version. No other Node enters an image. */
export async function findPinnedNode(root: string): Promise<PinnedNode> {
  const pinned = pinnedNodeFor(root);
  if (pinned === undefined) {
    throw new ImageError(`no Node is pinned for ${process.platform} ${process.arch}: build on Linux`);
  }
  const { version, home, binary, sha256 } = pinned;
  const problem = pinnedNodeProblem(root, pinned);
  if (problem !== undefined) throw new ImageError(`${problem}; remove node_modules and run npm run setup`);
  const found = (await run(binary, ["--version"])).trim();
  if (found !== `v${version}`) {
    throw new ImageError(`${binary} is ${found}, but the pinned Node is ${version}: correct digests.json`);
  }
  return { version, binary, license: join(home, "LICENSE"), sha256 };
}
