import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { Metafile } from "esbuild";
import { type Environment, type Names, readNames } from "../../deploy/names.ts";
import { completedShells } from "../../packages/cli/src/shipped-files.ts";
import { bundleAgent } from "../bundles/bundle-agent.ts";
import { bundleCommand } from "../bundles/bundle-command.ts";
import { bundleConsole } from "../bundles/bundle-console.ts";
import { bundleServer, bundleTraces, bundleWorker } from "../bundles/bundle-server.ts";
import { licensesOf, packagesIn } from "../bundles/contents.ts";
import { root } from "../bundles/single-file.ts";
import { writeLaunchers } from "./launchers.ts";
import { readmeDirectory, releaseManifest } from "./manifest.ts";

/**
 * Writes the files of a release into a folder, which is emptied first: what the npm package, the Debian package and
 * the archive contain. It runs from any place with no other file than Node. Requires `npm run generate`.
 */
export async function stageRelease(folder: string, env: Environment = process.env): Promise<void> {
  const names = readNames(env);
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, "generated"), { recursive: true });
  await writeFile(join(folder, "LICENSES.txt"), await licensesOf(await packagesIn(await bundleAll(folder))));
  const manifest = await releaseManifest(names);
  await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  await writeLaunchers(folder);
  await copyFile(join(root, "LICENSE"), join(folder, "LICENSE"));
  await copyFile(join(root, readmeDirectory, "README.md"), join(folder, "README.md"));
  for (const name of ["codes.json", ...completedShells.map((shell) => `completion.${shell}`)])
    await copyFile(join(root, "packages/cli/generated", name), join(folder, "generated", name));
  await writeFile(join(folder, "generated/names.json"), publishedNames(names));
}

async function bundleAll(folder: string): Promise<Metafile> {
  const dist = join(folder, "dist");
  const all = await Promise.all([
    bundleCommand(dist),
    bundleServer(join(dist, "kasbah-server.mjs")),
    bundleWorker(join(dist, "kasbah-worker.mjs")),
    bundleTraces(join(dist, "kasbah-traces.mjs")),
    bundleAgent(dist),
    bundleConsole(join(folder, "console")),
  ]);
  return { inputs: {}, outputs: Object.assign({}, ...all.map(({ outputs }) => outputs)) };
}

/** What the installed command reads: the registry of the person who made the release. */
function publishedNames({ registry, serverImage }: Names): string {
  return `${JSON.stringify({ registry, serverImage })}\n`;
}
