import { dirname, join, resolve } from "node:path";
import type { AgentConfig } from "./options.ts";

/** The directory that Istio's `FILE_MOUNTED_CERTS` reads. */
export const legacyMountedCertsDir = "./etc/certs";

/** Where the CA's roots stand, or SYSTEM. */
export function caRootPath({ caRoot, provCert }: Pick<AgentConfig, "caRoot" | "provCert">): string {
  if (caRoot !== undefined) return caRoot;
  return provCert === undefined ? "./var/run/secrets/istio/root-cert.pem" : join(provCert, "root-cert.pem");
}

/**
 * Whether the CA's roots are read from where our own bundle is written, as on Istio's virtual machines: `PROV_CERT` and
 * `OUTPUT_CERTS` are one directory there, which a provisioner filled once and we renew.
 */
export function renewsInPlace({
  caRoot,
  provCert,
  outputCerts,
}: Pick<AgentConfig, "caRoot" | "provCert" | "outputCerts">): boolean {
  if (caRoot !== undefined || provCert === undefined || outputCerts === undefined) return false;
  return resolve(provCert) === resolve(outputCerts);
}

/** Where nothing may be written: roots that were would be read as the operator's, and never leave again. */
export function inputDirectories(config: AgentConfig): readonly string[] {
  const { fileMountedCerts, mountedCertsDir } = config;
  return [
    mountedCertsDir,
    ...(fileMountedCerts ? [legacyMountedCertsDir] : []),
    ...(renewsInPlace(config) ? [] : [dirname(caRootPath(config))]),
  ];
}
