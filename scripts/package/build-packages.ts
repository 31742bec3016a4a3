import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import process from "node:process";
import { findPinnedNode } from "../../deploy/image/pinned-node.ts";
import type { Source } from "../../deploy/image/source.ts";
import { root } from "../bundles/single-file.ts";
import { stageRelease } from "../release/stage.ts";
import { architectureOf } from "./architecture.ts";
import { writeDebianPackage } from "./debian/write-package.ts";
import { writeTarball } from "./tarball/write-tarball.ts";

/** A built package, as `--json` prints it. */
export interface BuiltPackage {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface PackagePlan {
  readonly source: Source;
  /** The directory for the finished files. */
  readonly out: string;
  readonly maintainer: string;
  readonly say: (line: string) => void;
}

/** What both packages are made of. */
export interface PackageContents {
  /** The files of the release, as every kind of package contains them. */
  readonly release: string;
  /** The pinned Node, and its license. */
  readonly node: string;
  readonly nodeLicense: string;
  readonly version: string;
  readonly architecture: string;
  readonly ageSeconds: number;
  /** An empty directory of the package's own. */
  readonly workshop: string;
}

/** Builds both packages. A file gets its final name only when it is complete. */
export async function buildPackages(plan: PackagePlan): Promise<readonly BuiltPackage[]> {
  const { source, out, maintainer, say } = plan;
  const architecture = architectureOf(process);
  await mkdir(out, { recursive: true });
  const workshop = await mkdtemp(join(out, ".building-"));
  try {
    const { binary: node, license: nodeLicense, version } = await findPinnedNode(root);
    say(`bundling the commands, for Node ${version}`);
    const release = join(workshop, "release");
    await stageRelease(release);
    const shared = { ...source, release, node, nodeLicense, architecture };
    say("packing");
    const files = await Promise.all([
      writeDebianPackage({ ...shared, workshop: join(workshop, "deb") }, maintainer),
      writeTarball({ ...shared, workshop: join(workshop, "tarball") }),
    ]);
    const built: BuiltPackage[] = [];
    for (const file of files) built.push(await publish(file, out));
    return built;
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

async function publish(from: string, out: string): Promise<BuiltPackage> {
  const file = join(out, basename(from));
  await rename(from, file);
  const sha256 = createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
  return { file, bytes: (await stat(file)).size, sha256 };
}
