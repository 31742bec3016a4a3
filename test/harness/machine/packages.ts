import { temporaryDirectory } from "@kasbah/testkit";
import { run } from "../../../deploy/image/run.ts";
import type { BuiltPackage } from "../../../scripts/package/build-packages.ts";
import { repositoryRoot } from "../repository.ts";

/** The packages of this checkout, as `npm run package` builds them. */
export interface Packages {
  readonly debian: BuiltPackage;
  readonly tarball: BuiltPackage;
}

/** Runs the program of `npm run package`, and returns what it printed on both streams. */
export function runPackage(...args: readonly string[]): Promise<string> {
  const program = ["--conditions=kasbah-source", "scripts/package/main.ts", ...args];
  const shell = ["-c", '"$0" "$@" 2>&1', process.execPath, ...program];
  return run("sh", shell, { cwd: repositoryRoot });
}

async function packInto(out: string): Promise<Packages> {
  const printed = await runPackage("--json", "--out", out);
  const [debian, tarball]: BuiltPackage[] = JSON.parse(printed.slice(printed.indexOf("[")));
  if (debian === undefined || tarball === undefined) throw new Error("no packages were built");
  return { debian, tarball };
}

let shared: Promise<Packages> | undefined;
const removals: (() => Promise<void>)[] = [];

/** The packages of this run, which all suites share. */
export function packages(): Promise<Packages> {
  shared ??= inTemporaryDirectory();
  return shared;
}

async function inTemporaryDirectory(): Promise<Packages> {
  const directory = await temporaryDirectory();
  removals.push(() => directory.remove());
  return packInto(directory.path);
}

/** Writes the same Debian package with another version, as a later release would have it. */
export function repackAs(version: string, debian: BuiltPackage): Promise<string> {
  return repack(debian, version, ["sed", "-i", `s/^Version: .*/Version: ${version}/`, "DEBIAN/control"]);
}

let scripts: Promise<string> | undefined;

/** The Debian package without its programs, which dpkg installs in no time. */
export async function withoutPrograms(): Promise<string> {
  const { debian } = await packages();
  scripts ??= repack(debian, "scripts", ["rm", "-r", "usr/lib/kasbah", "usr/bin", "usr/share"]);
  return scripts;
}

async function repack(
  { file }: BuiltPackage,
  name: string,
  [program = "", ...args]: readonly string[],
): Promise<string> {
  const directory = await temporaryDirectory();
  removals.push(() => directory.remove());
  const tree = directory.join("tree");
  await run("dpkg-deb", ["--raw-extract", file, tree]);
  await run(program, args, { cwd: tree });
  const built = directory.join(`kasbah_${name}.deb`);
  await run("dpkg-deb", ["--root-owner-group", "-Znone", "--build", tree, built]);
  return built;
}

after(() => Promise.all(removals.map((remove) => remove())));
