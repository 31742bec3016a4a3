import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { referenceIn } from "../names.ts";
import { provideTool, type Say } from "./debian-packages.ts";
import type { Image } from "./images.ts";
import { writeLayout } from "./oci-layout.ts";
import { sbomOf } from "./sbom.ts";
import type { Source } from "./source.ts";
import { type AppTree, makeTrees, type Trees } from "./trees/make-trees.ts";
import { bytesIn } from "./trees/tree.ts";

/** A built image, as `--json` prints it. */
export interface BuiltImage {
  readonly name: string;
  readonly reference: string;
  readonly digest: string;
  readonly compressedBytes: number;
  readonly unpackedBytes: number;
  readonly debianPackages: number;
  readonly npmPackages: number;
  /** A directory in the OCI image layout. */
  readonly layout: string;
  /** A CycloneDX file. */
  readonly sbom: string;
}

export interface BuildPlan {
  readonly root: string;
  readonly images: readonly Image[];
  readonly source: Source;
  /** Precedes the names of the images; empty if none is set. */
  readonly registry: string;
  /** The directory for `<image>/` and `<image>.cdx.json`. */
  readonly out: string;
  readonly say: Say;
}

/** Builds images without a container engine. A layout gets its final name only when it is complete. */
export async function buildImages(plan: BuildPlan): Promise<readonly BuiltImage[]> {
  const { directory } = await provideTool("umoci", plan.say);
  await mkdir(plan.out, { recursive: true });
  const workshop = await mkdtemp(join(plan.out, ".building-"));
  try {
    const { ageSeconds } = plan.source;
    const trees = await makeTrees({ ...plan, folder: join(workshop, "trees"), ageSeconds });
    const built: BuiltImage[] = [];
    for (const app of trees.apps) {
      plan.say(`${app.image.name}: packing`);
      built.push(await packImage(join(directory, "usr/bin/umoci"), workshop, app, trees, plan));
    }
    return built;
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

async function packImage(
  umoci: string,
  workshop: string,
  { image, tree, npm }: AppTree,
  { base, debian, node }: Trees,
  { source, registry, out }: BuildPlan,
): Promise<BuiltImage> {
  const unfinished = join(workshop, `${image.name}.oci`);
  const layers = [
    { tree: base, madeOf: `Node ${node.version} and Debian's libraries` },
    { tree, madeOf: image.workspaces.join(" and ") },
  ];
  const made = await writeLayout(umoci, unfinished, { image, ...source, layers });
  const [layout, sbom] = [join(out, image.name), join(out, `${image.name}.cdx.json`)];
  await rm(layout, { recursive: true, force: true });
  await rename(unfinished, layout);
  await writeFile(sbom, sbomOf(image, source.version, { debian, node, npm }));
  return {
    name: image.name,
    reference: `${referenceIn(registry, image.repository)}:${source.version}`,
    ...made,
    unpackedBytes: (await bytesIn(base)) + (await bytesIn(tree)),
    debianPackages: debian.length,
    npmPackages: npm.length,
    layout,
    sbom,
  };
}
