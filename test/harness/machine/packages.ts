import { temporaryDirectory } from "@kasbah/testkit";
import { run } from "../../../deploy/image/run.ts";
import { readSource } from "../../../deploy/image/source.ts";
import { type BuiltPackage, buildPackages } from "../../../scripts/package/build-packages.ts";
import { maintainerOf } from "../../../scripts/package/debian/maintainer.ts";
import { repositoryRoot } from "../repository.ts";

/** The packages of this checkout, as `npm run package` builds them. */
export interface Packages {
  readonly debian: BuiltPackage;
  readonly tarball: BuiltPackage;
}

/** Builds the packages into a folder. */
export async function packInto(out: string): Promise<Packages> {
  const source = await readSource(repositoryRoot, process.env["SOURCE_DATE_EPOCH"]);
  const say = () => {};
  const [debian, tarball] = await buildPackages({ source, out, maintainer: maintainerOf({}), say });
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

/** Writes the Debian package without its programs, which dpkg installs in no time. */
export function withoutPrograms(debian: BuiltPackage): Promise<string> {
  return repack(debian, "scripts", ["rm", "-r", "usr/lib/kasbah", "usr/bin", "usr/share"]);
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
