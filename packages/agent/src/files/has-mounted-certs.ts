import { access } from "node:fs/promises";
import { join } from "node:path";

export const mountedNames = { chain: "cert-chain.pem", key: "key.pem", roots: "root-cert.pem" } as const;

/** Where Istio's `FILE_MOUNTED_CERTS` looks. */
export const legacyMountedCertsDir = "./etc/certs";

/** Whether all three files are there, which makes a CA superfluous. */
export async function hasMountedCerts(directory: string): Promise<boolean> {
  const paths = Object.values(mountedNames).map((name) => join(directory, name));
  return Promise.all(paths.map((path) => access(path))).then(
    () => true,
    () => false,
  );
}
