import { resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { ConfigInvalidError } from "@kasbah/runtime";
import { readNames } from "../names.ts";
import { type BuiltImage, buildImages } from "./build-images.ts";
import { whyNoDebian } from "./debian-packages.ts";
import { ImageError } from "./image-error.ts";
import { imageHelp, type Options, parseOptions } from "./options.ts";
import { readSource } from "./source.ts";
import { makeTrees } from "./trees/make-trees.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { env, argv, stdout, stderr } = process;

try {
  const options = parseOptions(argv.slice(2));
  if (options.help) stdout.write(imageHelp);
  else await build(options);
} catch (error) {
  if (!(error instanceof ImageError || error instanceof ConfigInvalidError)) throw error;
  stderr.write(`image: ${error.message}\n`);
  process.exitCode = 1;
}

async function build({ images, out, registry: flag, treesOnly, json }: Options): Promise<void> {
  const { registry } = readNames(env, flag);
  refuseMachine();
  const startedAt = performance.now();
  const say = (line: string) => void stderr.write(`image: ${line}\n`);
  const source = await readSource(root, env["SOURCE_DATE_EPOCH"]);
  const plan = { root, images, source, registry, out: resolve(root, out), say };
  if (treesOnly) await makeTrees({ ...plan, folder: plan.out, ageSeconds: source.ageSeconds });
  else print(await buildImages(plan), json);
  say(`done in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}

function refuseMachine(): void {
  const isRoot = process.getuid?.() === 0;
  const problem = whyNoDebian() ?? (isRoot ? undefined : "files in an image belong to root: run it as root");
  if (problem === undefined) return;
  throw new ImageError(`${problem}. Alternatively, build deploy/image/Containerfile with a container engine`);
}

function print(built: readonly BuiltImage[], json: boolean): void {
  stdout.write(json ? `${JSON.stringify(built, null, 2)}\n` : built.map(describe).join("\n"));
}

function describe(image: BuiltImage): string {
  const inMiB = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return [
    image.reference,
    `  digest    ${image.digest}`,
    `  size      ${inMiB(image.compressedBytes)} compressed, ${inMiB(image.unpackedBytes)} unpacked`,
    `  contents  ${image.debianPackages} Debian packages, Node, ${image.npmPackages} npm packages: ${image.sbom}`,
    `  layout    ${image.layout}`,
    "",
  ].join("\n");
}
