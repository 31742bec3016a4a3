import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ImageError } from "./image-error.ts";

/** A package of npm that is in a folder's `node_modules`. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string | undefined;
  /** SHA-512 of its archive, in hex; our own have none. */
  readonly sha512: string | undefined;
}

/** As npm writes it; the path names a package that has no `name`. */
interface RecordedPackage {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly link?: boolean;
}

/**
 * What npm has put there, by the record that it leaves. (`npm sbom` cannot tell: it fails where only some workspaces
 * are installed, and by the lock file alone it leaves out what development needs as well, such as protobufjs.)
 */
export async function installedPackages(home: string): Promise<readonly InstalledPackage[]> {
  return unique((await record(home)).map(([path, recorded]) => packageOf(path, recorded)));
}

/** The same of some folders alone, which are named from `home`; our own packages are among them. */
export async function packagesAt(
  home: string,
  folders: readonly string[],
): Promise<readonly InstalledPackage[]> {
  const wanted = (await record(home)).filter(([path]) => folders.includes(path));
  const missing = folders.filter((folder) => !wanted.some(([path]) => path === folder));
  if (missing.length > 0) throw new ImageError(`npm has no record of ${missing.join(", ")}: run npm ci`);
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
