import { readFile } from "node:fs/promises";
import { join } from "node:path";

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
  const record = JSON.parse(await readFile(join(home, "node_modules/.package-lock.json"), "utf8"));
  const packages = new Map<string, InstalledPackage>();
  for (const [path, recorded] of Object.entries(record.packages as Record<string, RecordedPackage>)) {
    if (recorded.link) continue;
    const { name = nameIn(path), version = "", license, integrity } = recorded;
    packages.set(`${name}@${version}`, { name, version, license, sha512: sha512Of(integrity) });
  }
  return [...packages.keys()].sort().flatMap((key) => packages.get(key) ?? []);
}

const nameIn = (path: string) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);

function sha512Of(integrity: string | undefined): string | undefined {
  const [, base64] = /^sha512-(\S+)$/.exec(integrity ?? "") ?? [];
  return base64 === undefined ? undefined : Buffer.from(base64, "base64").toString("hex");
}
