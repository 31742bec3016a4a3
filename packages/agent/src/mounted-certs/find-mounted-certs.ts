import { access } from "node:fs/promises";
import { join } from "node:path";
import { legacyMountedCertsDir } from "../config/places.ts";
import { mountedNames } from "./istio-names.ts";

/** Whether all three files exist, in which case no CA is needed. */
async function hasMountedCerts(directory: string): Promise<boolean> {
  const paths = Object.values(mountedNames).map((name) => join(directory, name));
  return Promise.all(paths.map((path) => access(path))).then(
    () => true,
    () => false,
  );
}

/**
 * Returns the directory of the mounted files that replace a CA; undefined if the agent must ask a CA. With
 * `fileMountedCerts` the agent never asks a CA, waits for missing files, and accepts other names too. This module is
 * small because every agent loads it.
 */
export async function findMountedCerts(options: {
  readonly fileMountedCerts: boolean;
  readonly mountedCertsDir: string;
}): Promise<string | undefined> {
  const { fileMountedCerts, mountedCertsDir } = options;
  if (await hasMountedCerts(mountedCertsDir)) return mountedCertsDir;
  if (!fileMountedCerts) return undefined;
  const { hasAnyNames } = await import("./name-sets.ts");
  if (await hasAnyNames(mountedCertsDir)) return mountedCertsDir;
  return (await hasMountedCerts(legacyMountedCertsDir)) ? legacyMountedCertsDir : mountedCertsDir;
}
