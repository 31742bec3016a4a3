import { join } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { type BuiltImage, buildImages } from "../../deploy/image/build-images.ts";
import { provideTool, whyNoDebian } from "../../deploy/image/debian-packages.ts";
import { type Image, images } from "../../deploy/image/images.ts";
import { run } from "../../deploy/image/run.ts";
import { readSource } from "../../deploy/image/source.ts";
import { type Entry, entriesOf } from "../../deploy/image/trees/tree.ts";
import { repositoryRoot } from "../harness/repository.ts";

/** An image of this run, unpacked as a container engine does. */
export interface UnpackedImage {
  readonly image: Image;
  readonly built: BuiltImage;
  /** A runc bundle. */
  readonly bundle: string;
  readonly rootfs: string;
  /** The contents before any container ran. */
  readonly entries: readonly Entry[];
}

let directory: TemporaryDirectory | undefined;
let unpacked: readonly UnpackedImage[] = [];

/** Returns an image of this run; all suites share the images. */
export function unpackedImage(name: Image["name"]): UnpackedImage {
  const found = unpacked.find(({ image }) => image.name === name);
  if (found === undefined) throw new Error("no image is built: run mocha with --require test/image/hooks.ts");
  return found;
}

/** Builds all images into a directory. */
export async function buildBelow(out: string): Promise<readonly BuiltImage[]> {
  const source = await readSource(repositoryRoot, process.env["SOURCE_DATE_EPOCH"]);
  return buildImages({ root: repositoryRoot, images, source, registry: "", out, say });
}

/** Mocha finds these hooks by their names. */
export const mochaHooks = {
  async beforeAll(this: Mocha.Context): Promise<void> {
    // The first run downloads packages.
    this.timeout(0);
    const missing = whyNoContainers();
    if (missing !== undefined) {
      say(`skipping the image tests: ${missing}`);
      this.skip();
    }
    directory = await temporaryDirectory();
    const built = await buildBelow(directory.join("out"));
    unpacked = await Promise.all(built.map((image) => unpack(image, directory?.join(image.name) ?? "")));
  },

  async afterAll(): Promise<void> {
    await directory?.remove();
  },
};

function whyNoContainers(): string | undefined {
  if (process.platform !== "linux") return `containers need Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return "only root can start containers without an engine";
  return whyNoDebian();
}

async function unpack(built: BuiltImage, bundle: string): Promise<UnpackedImage> {
  const umoci = join((await provideTool("umoci", say)).directory, "usr/bin/umoci");
  await run(umoci, ["unpack", "--image", `${built.layout}:${built.reference.split(":")[1]}`, bundle]);
  const image = images.find(({ name }) => name === built.name);
  if (image === undefined) throw new Error(`unknown image ${built.name}`);
  const rootfs = join(bundle, "rootfs");
  return { image, built, bundle, rootfs, entries: await entriesOf(rootfs) };
}

function say(line: string): void {
  process.stdout.write(`      ${line}\n`);
}
