import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ImageError } from "./image-error.ts";

/** An npm package in a directory's `node_modules`. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string | undefined;
  /** SHA-512 of its archive in hex; our own packages have none. */
  readonly sha512: string | undefined;
}

/** npm's record of a package; without `name`, the path contains it. */
interface RecordedPackage {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly link?: boolean;
}

/**
 * The packages that npm installed, from its own record. (`npm sbom` fails if only some workspaces are
 * installed, and with the lock file alone it omits packages that are also development dependencies, such as
 * protobufjs.)
 */
export async function installedPackages(home: string): Promise<readonly InstalledPackage[]> {
  return unique((await record(home)).map(([path, recorded]) => packageOf(path, recorded)));
}

/** The packages in the given directories, relative to `home`, including our own. */
export async function packagesAt(
  home: string,
  folders: readonly string[],
): Promise<readonly InstalledPackage[]> {
  const wanted = (await record(home)).filter(([path]) => folders.includes(path));
  const missing = folders.filter((folder) => !wanted.some(([path]) => path === folder));
  if (missing.length > 0) throw new ImageError(`npm did not install ${missing.join(", ")}: run npm ci`);
  return unique(wanted.map(([path, recorded]) => packageOf(path, recorded)));
}

async function record(home: string): Promise<readonly (readonly [string, RecordedPackage])[]> {
  const { packages } = JSON.parse(await readFile(join(home, "node_modules/.package-lock.json"), "utf8"));
  const all = Object.entries(packages as Record<string, RecordedPackage>);
  return all.filter(([, { link }]) => !link);
}

function packageOf(path: string, recorded: RecordedPackage): InstalledPackage {
  const { name = nameIn(path), version = "", license, integrity } = recorded;
  return { name, version, license, sha512: sha512Of(integrity) };
}

function unique(packages: readonly InstalledPackage[]): readonly InstalledPackage[] {
  const byKey = new Map(packages.map((each) => [`${each.name}@${each.version}`, each]));
  return [...byKey.keys()].sort().flatMap((key) => byKey.get(key) ?? []);
}

const nameIn = (path: string) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);

function sha512Of(integrity: string | undefined): string | undefined {
  const [, base64] = /^sha512-(\S+)$/.exec(integrity ?? "") ?? [];
  return base64 === undefined ? undefined : Buffer.from(base64, "base64").toString("hex");
}
