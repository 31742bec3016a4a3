import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { agentBin, kasbahBin, serverBin } from "./repository.ts";

export const releasesDirectory = fileURLToPath(new URL("../upgrade/releases", import.meta.url));

/** The release that users upgrade from. */
export const previousReleaseName = "0.1.0-0663ebc";

/** The programs of one release, as paths that Node can run. */
export interface Release {
  readonly server: string;
  readonly agent: string;
  readonly command: string;
  /** Flags with which the CA of this release passes the stages of a rotation as quickly as leaves expire. */
  readonly quickStages: readonly string[];
}

/** The programs of this checkout, as `npm run build` left them. */
export const currentRelease: Release = {
  server: serverBin,
  agent: agentBin,
  command: kasbahBin,
  quickStages: ["--min-stage", "0s"],
};

/** The release whose program a process runs. */
export type ReleaseChoice = "previous" | "current";
export type Releases = Readonly<Record<ReleaseChoice, Release>>;

/** Both releases; the previous one is unpacked into a directory that does not exist yet. */
export async function provideReleases(directory: string): Promise<Releases> {
  return { previous: await unpackRelease(directory), current: currentRelease };
}

/** Every release that is packed, with the directory of its programs and its state. */
export function packedReleases(): readonly { readonly name: string; readonly path: string }[] {
  const names = readdirSync(releasesDirectory, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  return names.map(({ name }) => ({ name, path: join(releasesDirectory, name) }));
}

/** Unpacks the programs of a packed release, by default of the previous one. */
export async function unpackRelease(
  directory: string,
  packed = join(releasesDirectory, previousReleaseName),
): Promise<Release> {
  const programs = join(directory, "bin");
  await mkdir(programs, { recursive: true });
  // The server and the command read their version from the directory above their own.
  await writeFile(join(directory, "package.json"), await readFile(join(packed, "package.json")));
  const unpack = async (file: string) => {
    const content = await promisify(gunzip)(await readFile(join(packed, file)));
    await writeFile(join(programs, basename(file, ".gz")), content);
  };
  const files = readdirSync(packed).filter((name) => name.endsWith(".mjs.gz"));
  await Promise.all(files.map(unpack));
  const at = (program: string) => join(programs, `${program}.mjs`);
  return {
    server: at("kasbah-server"),
    agent: at("kasbah-agent"),
    command: at("kasbah"),
    quickStages: [],
  };
}

/** Runs the operator's command of a release and returns what it prints. Rejects if its exit code is not 0. */
export async function runCommand({ command }: Release, ...argv: readonly string[]): Promise<string> {
  const options = { env: { PATH: process.env["PATH"] ?? "" }, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await promisify(execFile)(process.execPath, [command, ...argv], options);
  return stdout;
}
