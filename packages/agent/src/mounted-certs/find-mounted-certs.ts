import { access } from "node:fs/promises";
import { join } from "node:path";
import { legacyMountedCertsDir } from "../config/places.ts";

export const mountedNames = { chain: "cert-chain.pem", key: "key.pem", roots: "root-cert.pem" } as const;

/** Whether all three files are there, which makes a CA superfluous. */
async function hasMountedCerts(directory: string): Promise<boolean> {
  const paths = Object.values(mountedNames).map((name) => join(directory, name));
  return Promise.all(paths.map((path) => access(path))).then(
    () => true,
    () => false,
  );
}

/**
 * The directory whose files take the place of a CA; undefined when one is to be asked. With `fileMountedCerts` that is never,
 * and files that are nowhere yet are awaited. Small, since every agent looks.
 */
export async function findMountedCerts(options: {
  readonly fileMountedCerts: boolean;
  readonly mountedCertsDir: string;
}): Promise<string | undefined> {
  const { fileMountedCerts, mountedCertsDir } = options;
  if (await hasMountedCerts(mountedCertsDir)) return mountedCertsDir;
  if (!fileMountedCerts) return undefined;
  return (await hasMountedCerts(legacyMountedCertsDir)) ? legacyMountedCertsDir : mountedCertsDir;
}
