import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import { root } from "./single-file.ts";

/** A package with code in a bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string | undefined;
  /** Its directory relative to the root. */
  readonly folder: string;
}

/** The packages with code in a bundle, including our own, sorted by name. */
export async function packagesIn({ outputs }: Metafile): Promise<readonly BundledPackage[]> {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
  const folders = new Set(used.flatMap((path) => folderOf(path) ?? []));
  const packages = await Promise.all([...folders].map(describe));
  return packages.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** `node_modules/a/node_modules/@b/c` or `packages/d` for a file inside. */
function folderOf(path: string): string | undefined {
  return /^(?:.*node_modules\/(?:@[^/]+\/)?|packages\/)[^/]+/.exec(path)?.[0];
}

async function describe(folder: string): Promise<BundledPackage> {
  const { name, version, license } = JSON.parse(await readFile(join(root, folder, "package.json"), "utf8"));
  return { name, version, license, folder };
}

/** The full license texts of third-party packages, which must be distributed with the code. */
export async function licensesOf(packages: readonly BundledPackage[]): Promise<string> {
  const texts = packages.filter(({ folder }) => folder.includes("node_modules/")).map(licenseOf);
  return (await Promise.all(texts)).join("\n");
}

async function licenseOf({ name, version, license, folder }: BundledPackage): Promise<string> {
  const files = (await readdir(join(root, folder))).filter((file) =>
    /^(licen[cs]e|notice|copying)/i.test(file),
  );
  if (files.length === 0) return `${name} ${version}: ${license ?? "no license given"}\n`;
  const texts = await Promise.all(files.sort().map((file) => readFile(join(root, folder, file), "utf8")));
  return `${name} ${version}\n\n${texts.map((text) => text.trimEnd()).join("\n\n")}\n\n${"-".repeat(78)}\n`;
}
