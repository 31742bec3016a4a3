import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withBuildLock } from "./build-lock.ts";
import { ImageError } from "./image-error.ts";
import { run } from "./run.ts";

/** The files of a Debian package in the cache. Nothing is installed, and none of its scripts run. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Contains the package's files relative to `/`, and its description in `DEBIAN/control`. */
  readonly directory: string;
}

export type Say = (line: string) => void;

const cache = fileURLToPath(new URL("../../.cache/debian", import.meta.url));
const indexMark = join(cache, "index-read");
const indexAgeMs = 24 * 3_600_000;

/** The reason why packages cannot be fetched here; undefined if they can. */
export function whyNoDebian(path = process.env["PATH"] ?? ""): string | undefined {
  const isThere = (name: string) => path.split(delimiter).some((folder) => existsSync(join(folder, name)));
  const missing = ["apt-get", "dpkg-deb"].filter((name) => !isThere(name));
  return missing.length === 0
    ? undefined
    : `${missing.join(" and ")} not found on PATH: a Debian system is required`;
}

/** Provides a package for its programs: any version in the cache, or else Debian's newest. */
export async function provideTool(name: string, say: Say): Promise<DebianPackage> {
  const names = await readdir(cache).catch(() => []);
  const cached = names.filter((entry) => entry.startsWith(`${name}_`)).sort();
  const newest = cached.at(-1);
  if (newest !== undefined) return describe(join(cache, newest));
  const [provided] = await provideNewest([name], say);
  if (provided === undefined) throw new ImageError(`apt-get did not provide ${name}`);
  return provided;
}

/** Provides packages in Debian's current versions, including security updates. */
export async function provideNewest(names: readonly string[], say: Say): Promise<readonly DebianPackage[]> {
  const problem = whyNoDebian();
  if (problem !== undefined) throw new ImageError(problem);
  await mkdir(cache, { recursive: true });
  const provided: DebianPackage[] = [];
  await withBuildLock(join(cache, "lock"), say, async () => {
    await readIndex(say);
    for (const file of await filesOf(names)) provided.push(await provide(file, say));
  });
  return provided;
}

/**
 * Runs apt with its state in the cache, so that the machine's own state does not change and root is not
 * required.
 */
function apt(args: readonly string[], cwd = cache): Promise<string> {
  const state = { "Dir::State::lists": join(cache, "lists"), "Dir::Cache": join(cache, "apt") };
  const options = Object.entries({ ...state, "APT::Sandbox::User": "root" });
  return run("apt-get", ["-q", ...options.flatMap(([name, value]) => ["-o", `${name}=${value}`]), ...args], {
    cwd,
  });
}

async function readIndex(say: Say): Promise<void> {
  const readAt = await stat(indexMark).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  if (Date.now() - readAt < indexAgeMs) return;
  say("fetching Debian's package index");
  for (const folder of ["lists/partial", "apt/archives/partial"])
    await mkdir(join(cache, folder), { recursive: true });
  // By default, apt continues with old lists if a new one cannot be fetched or has an invalid signature.
  await apt(["update", "--error-on=any"]);
  await writeFile(indexMark, "");
}

/** The file names of the packages in Debian's current versions. */
async function filesOf(names: readonly string[]): Promise<readonly string[]> {
  // Runs in a separate folder, because apt omits files that its folder already contains.
  const listed = await apt(["download", "--print-uris", ...names], join(cache, "apt"));
  const files = [...listed.matchAll(/' (\S+)\.deb /g)].map(([, file = ""]) => file);
  return names.map((name) => {
    const file = files.find((candidate) => candidate.startsWith(`${name}_`));
    if (file === undefined)
      throw new ImageError(`apt-get does not know the package ${name}: Debian 12 is required`);
    return file;
  });
}

async function provide(file: string, say: Say): Promise<DebianPackage> {
  const directory = join(cache, file);
  if (existsSync(directory)) return describe(directory);
  const staging = await mkdtemp(join(cache, ".unpacking-"));
  try {
    say(`fetching ${file}`);
    // Apt verifies the file against the signed index.
    await apt(["download", nameIn(file)], staging);
    const unpacked = join(staging, "unpacked");
    await run("dpkg-deb", ["--raw-extract", join(staging, `${file}.deb`), unpacked]);
    await rename(unpacked, directory).catch((error: unknown) => {
      // Another process was faster.
      if (!existsSync(directory)) throw error;
    });
    return await describe(directory);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

const nameIn = (file: string) => file.slice(0, file.indexOf("_"));

async function describe(directory: string): Promise<DebianPackage> {
  const control = await readFile(join(directory, "DEBIAN/control"), "utf8");
  const field = (name: string) => new RegExp(`^${name}: (.+)$`, "m").exec(control)?.[1] ?? "";
  return {
    name: field("Package"),
    version: field("Version"),
    architecture: field("Architecture"),
    directory,
  };
}
