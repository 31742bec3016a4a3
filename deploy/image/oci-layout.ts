import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Image, imageLabels, userId } from "./images.ts";
import { run } from "./run.ts";

/** The input of an image. */
export interface LayoutPlan {
  readonly image: Image;
  readonly version: string;
  /** The commit; undefined if unknown. */
  readonly revision: string | undefined;
  /** Trees of files, one per layer. Those that seldom change come first, so that releases share them. */
  readonly layers: readonly { readonly tree: string; readonly madeOf: string }[];
  readonly ageSeconds: number;
}

export interface Layout {
  readonly digest: string;
  /** Size of the layers as pulled. */
  readonly compressedBytes: number;
}

const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** Writes an image as a directory in the OCI image layout. The same plan gives the same bytes. */
export async function writeLayout(umoci: string, folder: string, plan: LayoutPlan): Promise<Layout> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true });
  const at = ["--image", `${folder}:${plan.version}`];
  const made = new Date(plan.ageSeconds * 1000).toISOString().replace(".000Z", "Z");
  await run(umoci, ["init", "--layout", folder]);
  await run(umoci, ["new", ...at]);
  for (const { tree, madeOf } of plan.layers) {
    const history = ["--history.created", made, "--history.created_by", madeOf];
    await run(umoci, ["insert", ...at, ...history, tree, "/"]);
  }
  await run(umoci, ["config", ...at, ...settings(plan, made)]);
  await run(umoci, ["gc", "--layout", folder]);
  return describe(folder);
}

function settings({ image, version, revision }: LayoutPlan, made: string): string[] {
  const labels = { ...imageLabels(image, version), "org.opencontainers.image.created": made };
  const known = revision === undefined ? {} : { "org.opencontainers.image.revision": revision };
  return [
    ...[
      "--created",
      made,
      "--history.created",
      made,
      "--history.created_by",
      `settings of ${image.repository}`,
    ],
    ...["--os", "linux", "--architecture", architectures[process.arch] ?? process.arch],
    ...["--config.user", `${userId}:${userId}`, "--config.workingdir", "/"],
    ...["--config.entrypoint", image.entrypoint],
    ...pairs("--config.env", image.env),
    ...pairs("--config.label", { ...labels, ...known }),
    ...image.ports.flatMap((port) => ["--config.exposedports", port]),
  ];
}

function pairs(flag: string, values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);
}

async function describe(folder: string): Promise<Layout> {
  const read = async (path: string) => JSON.parse(await readFile(join(folder, path), "utf8"));
  const { manifests } = await read("index.json");
  const digest: string = manifests[0].digest;
  const { layers } = await read(blob(digest));
  const sizes = (layers as { digest: string }[]).map((layer) => stat(join(folder, blob(layer.digest))));
  const compressedBytes = (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
  return { digest, compressedBytes };
}

const blob = (digest: string) => join("blobs", digest.replace(":", "/"));
