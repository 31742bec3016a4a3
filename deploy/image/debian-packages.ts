import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withBuildLock } from "./build-lock.ts";
import { ImageError } from "./image-error.ts";
import { run } from "./run.ts";

/** The files of a Debian package in the cache: nothing is installed, and none of its scripts runs. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Its files as from the root of a system, and its description in `DEBIAN/control`. */
  readonly directory: string;
}

export type Say = (line: string) => void;

const cache = fileURLToPath(new URL("../../.cache/debian", import.meta.url));
const indexMark = join(cache, "index-read");
const indexAgeMs = 24 * 3_600_000;

/** Why no package can be had here, and undefined when it can. */
export function whyNoDebian(path = process.env["PATH"] ?? ""): string | undefined {
  const isThere = (name: string) => path.split(delimiter).some((folder) => existsSync(join(folder, name)));
  const missing = ["apt-get", "dpkg-deb"].filter((name) => !isThere(name));
  return missing.length === 0 ? undefined : `no ${missing.join(" and no ")} on PATH: this needs Debian`;
}

/** A package for its programs: the one in the cache, whatever its version, or else Debian's newest. */
export async function provideTool(name: string, say: Say): Promise<DebianPackage> {
  const names = await readdir(cache).catch(() => []);
  const cached = names.filter((entry) => entry.startsWith(`${name}_`)).sort();
  const newest = cached.at(-1);
  if (newest !== undefined) return describe(join(cache, newest));
  const [provided] = await provideNewest([name], say);
  if (provided === undefined) throw new ImageError(`apt-get gave no ${name}`);
  return provided;
}

/** Packages in the versions that Debian has today, security updates among them. */
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

/** Apt's state is kept here, so that the machine's own stays as it is, and nobody need be root. */
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
  say("reading Debian's index of packages");
  for (const folder of ["lists/partial", "apt/archives/partial"])
    await mkdir(join(cache, folder), { recursive: true });
  // By itself it is content with the lists of before when a new one cannot be had, or is not rightly signed.
  await apt(["update", "--error-on=any"]);
  await writeFile(indexMark, "");
}

/** The files of packages as Debian has them today. */
async function filesOf(names: readonly string[]): Promise<readonly string[]> {
  // Away from everything: apt does not tell of files that are in its folder already.
  const listed = await apt(["download", "--print-uris", ...names], join(cache, "apt"));
  const files = [...listed.matchAll(/' (\S+)\.deb /g)].map(([, file = ""]) => file);
  return names.map((name) => {
    const file = files.find((candidate) => candidate.startsWith(`${name}_`));
    if (file === undefined)
      throw new ImageError(`apt-get knows no package ${name}: this is made of Debian 12`);
    return file;
  });
}

async function provide(file: string, say: Say): Promise<DebianPackage> {
  const directory = join(cache, file);
  if (existsSync(directory)) return describe(directory);
  const staging = await mkdtemp(join(cache, ".unpacking-"));
  try {
    say(`fetching ${file}`);
    // Apt checks it against the signed index.
    await apt(["download", nameIn(file)], staging);
    const unpacked = join(staging, "unpacked");
    await run("dpkg-deb", ["--raw-extract", join(staging, `${file}.deb`), unpacked]);
    await rename(unpacked, directory).catch((error: unknown) => {
      // Somebody else was as quick.
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
