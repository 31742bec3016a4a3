import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import {
  bundleServer,
  bundleTraces,
  bundleWorker,
  serverBundlePath,
  tracesBundlePath,
  workerBundlePath,
} from "../../../scripts/bundles/bundle-server.ts";
import { commandFolder, type Image, programFolder } from "../images.ts";
import { type InstalledPackage, installedPackages } from "../installed-packages.ts";
import { run } from "../run.ts";
import { type Entry, entriesOf } from "./tree.ts";

// `runs` matches files that can be run and `grants` matches licenses; types, source maps and documentation
// are neither. `asides` applies only at the top of a package: deeper, such a directory may belong to the
// program (yaml has dist/doc).
const runs = /(?<!\.test|\.spec)\.(js|mjs|cjs|json)$/;
const grants = /^(licen[cs]e|notice|copying)/i;
const asides = /^(\..*|tests?|__tests__|specs|examples?|bench|benchmarks|docs)$/;
const inPackage = /^.*node_modules\/(?:@[^/]+\/)?[^/@]+\/([^/]+)\//;

/**
 * Makes the image-specific tree: our packages with their dependencies, the single file of the CA, and their
 * commands on the PATH.
 */
export async function makeAppTree(
  tree: string,
  image: Image,
  root: string,
): Promise<readonly InstalledPackage[]> {
  const home = join(tree, programFolder);
  const folders = await copyManifests(root, home);
  const { workspaces } = image;
  const chosen = workspaces.flatMap((name) => ["--workspace", name]);
  await run("npm", ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", ...chosen], {
    cwd: home,
  });
  const installed = await installedPackages(home);
  for (const folder of await installedWorkspaces(home, folders)) await copyBuilt(root, home, folder);
  await bundleServer(join(home, relative(root, serverBundlePath)));
  await bundleWorker(join(home, relative(root, workerBundlePath)));
  await bundleTraces(join(home, relative(root, tracesBundlePath)));
  await removeAsides(home);
  for (const name of workspaces) await linkCommands(tree, name);
  await cp(join(root, "LICENSE"), join(tree, "usr/share/doc/kasbah/LICENSE"));
  for (const folder of image.writable) await mkdir(join(tree, folder), { recursive: true });
  return installed;
}

/** Copies npm's input: the lock file and the manifest of every workspace. */
async function copyManifests(root: string, home: string): Promise<readonly string[]> {
  const { workspaces } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const found = await Promise.all((workspaces as string[]).map((pattern) => foldersOf(root, pattern)));
  const folders = found.flat();
  for (const path of ["package.json", "package-lock.json", ".npmrc"]) await copy(root, home, path);
  for (const folder of folders) await copy(root, home, join(folder, "package.json"));
  return folders;
}

async function foldersOf(root: string, pattern: string): Promise<readonly string[]> {
  if (!pattern.endsWith("/*")) return [pattern];
  const parent = dirname(pattern);
  return (await readdir(join(root, parent))).map((name) => join(parent, name));
}

/** The directories of the workspaces that npm linked. The manifests of all other workspaces are removed. */
async function installedWorkspaces(home: string, all: readonly string[]): Promise<readonly string[]> {
  const links = join(home, "node_modules/@kasbah");
  const targets = (await readdir(links)).map(async (name) => join(links, await readlink(join(links, name))));
  const linked = (await Promise.all(targets)).map((target) => relative(home, target));
  for (const folder of all) {
    if (!linked.includes(folder)) await rm(join(home, folder), { recursive: true });
  }
  return linked;
}

async function copyBuilt(root: string, home: string, folder: string): Promise<void> {
  for (const part of ["bin", "generated", "launch.js", "ancestors.js"]) {
    if (existsSync(join(root, folder, part))) await copy(root, home, join(folder, part));
  }
  // dist may still contain output of deleted sources.
  for (const { path } of await entriesOf(join(root, folder, "src"))) {
    const compiled = join(folder, "dist", path.replace(/\.ts$/, ".js"));
    if (path.endsWith(".ts") && existsSync(join(root, compiled))) await copy(root, home, compiled);
  }
}

async function copy(root: string, home: string, path: string): Promise<void> {
  await cp(join(root, path), join(home, path), { recursive: true });
}

async function removeAsides(home: string): Promise<void> {
  for (const name of ["package.json", "package-lock.json", ".npmrc", "node_modules/.bin"]) {
    await rm(join(home, name), { recursive: true });
  }
  for (const entry of await entriesOf(home)) {
    const path = join(home, entry.path);
    if (entry.kind === "directory") {
      if ((await readdir(path)).length === 0) await rm(path, { recursive: true });
    } else if (entry.kind !== "symlink" && !belongs(entry)) await rm(path);
  }
}

function belongs({ path }: Entry): boolean {
  if (grants.test(basename(path))) return true;
  const [, folder = ""] = inPackage.exec(path) ?? [];
  return runs.test(path) && !asides.test(folder);
}

/** The image has no `env` to find Node, so the first line of a command names Node for the kernel. */
async function linkCommands(tree: string, workspace: string): Promise<void> {
  const link = join(tree, programFolder, "node_modules", workspace);
  const linked = relative(tree, join(dirname(link), await readlink(link)));
  const { bin } = JSON.parse(await readFile(join(tree, linked, "package.json"), "utf8"));
  await mkdir(join(tree, commandFolder), { recursive: true });
  for (const [command, path] of Object.entries(bin as Record<string, string>)) {
    const launcher = join(tree, linked, path);
    const text = await readFile(launcher, "utf8");
    await writeFile(launcher, text.replace(/^#!.*\n/, `#!${commandFolder}/node\n`));
    await chmod(launcher, 0o755);
    await symlink(join("/", linked, path), join(tree, commandFolder, command));
  }
}
