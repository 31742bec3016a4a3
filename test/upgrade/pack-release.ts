// Packs the daemons of a release, and state that they wrote, for the suites in this directory:
//   node --conditions=kasbah-source test/upgrade/pack-release.ts <git revision>
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";
import { bundleAgentWhole } from "../../scripts/bundles/bundle-agent.ts";
import { singleFile } from "../../scripts/bundles/single-file.ts";
import { releasesDirectory } from "../harness/release.ts";
import { writeKeptState } from "./write-kept-state.ts";

const [revision] = process.argv.slice(2);
if (revision === undefined) {
  process.stderr.write(
    "usage: node --conditions=kasbah-source test/upgrade/pack-release.ts <git revision>\n",
  );
  process.exit(2);
}
const directory = mkdtempSync(join(tmpdir(), "kasbah-release-"));
const checkout = join(directory, "checkout");
run("git", ["worktree", "add", "--detach", checkout, revision]);
try {
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], checkout);
  run("npm", ["run", "--silent", "build"], checkout);
  const release = await packDaemons(checkout);
  await writeKeptState(release);
  process.stdout.write(`${release}\n`);
} finally {
  run("git", ["worktree", "remove", "--force", checkout]);
  rmSync(directory, { recursive: true, force: true });
}

/** Returns the directory of the packed release. */
async function packDaemons(from: string): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(from, "packages/ca-server/package.json"), "utf8"));
  const commit = execFileSync("git", ["rev-parse", "--short=7", "HEAD"], { cwd: from, encoding: "utf8" });
  const release = join(releasesDirectory, `${version}-${commit.trim()}`);
  rmSync(release, { recursive: true, force: true });
  mkdirSync(release, { recursive: true });
  // The server and the command read their version from the package.json above their own directory.
  writeFileSync(join(release, "package.json"), `${JSON.stringify({ version, type: "module" }, null, 2)}\n`);
  const server = await bundle(from, "packages/ca-server/src/main.ts");
  pack(release, "kasbah-server.mjs", server.code);
  // The server starts its workers from the file beside its own.
  const worker = await bundle(from, "packages/ca-server/src/workers/main.ts");
  pack(release, "kasbah-worker.mjs", worker.code);
  const command = await bundle(from, "packages/cli/src/main.ts");
  pack(release, "kasbah.mjs", command.code);
  pack(release, "kasbah-agent.mjs", (await bundleAgentWhole(from)).code);
  pack(release, "LICENSES.txt", await licenses(from, [server.metafile, worker.metafile, command.metafile]));
  return release;
}

function pack(release: string, file: string, content: Uint8Array): void {
  writeFileSync(join(release, `${file}.gz`), gzipSync(content, { level: 9 }));
}

async function bundle(from: string, entryPoint: string): Promise<{ code: Uint8Array; metafile: Metafile }> {
  const { outputFiles, metafile } = await build({
    ...singleFile,
    absWorkingDir: from,
    entryPoints: [entryPoint],
    metafile: true,
    write: false,
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`esbuild wrote nothing for ${entryPoint}`);
  return { code: output.contents, metafile };
}

/** The licenses of the packages whose code is in the bundles, read by the checkout from its own dependencies. */
async function licenses(from: string, metafiles: readonly Metafile[]): Promise<Uint8Array> {
  const module = pathToFileURL(join(from, "scripts/bundles/contents.ts")).href;
  const { licensesOf, packagesIn }: typeof import("../../scripts/bundles/contents.ts") = await import(module);
  const packages = (await Promise.all(metafiles.map(packagesIn))).flat();
  const byFolder = new Map(packages.map((one) => [one.folder, one]));
  return Buffer.from(await licensesOf([...byFolder.values()]));
}

function run(file: string, args: readonly string[], cwd?: string): void {
  execFileSync(file, args, { stdio: ["ignore", 2, 2], ...(cwd === undefined ? {} : { cwd }) });
}
