import { dirname, join, resolve } from "node:path";
import type { AgentConfig } from "./options.ts";

/** The directory that Istio's `FILE_MOUNTED_CERTS` reads. */
export const legacyMountedCertsDir = "./etc/certs";

/** The path of the CA's root file, or SYSTEM. */
export function caRootPath({ caRoot, provCert }: Pick<AgentConfig, "caRoot" | "provCert">): string {
  if (caRoot !== undefined) return caRoot;
  return provCert === undefined ? "./var/run/secrets/istio/root-cert.pem" : join(provCert, "root-cert.pem");
}

/**
 * Whether the root file is in the directory of the output certificates. On Istio's virtual machines
 * `PROV_CERT` and `OUTPUT_CERTS` are the same directory: a provisioner fills it once and the agent renews it.
 */
export function renewsInPlace({
  caRoot,
  provCert,
  outputCerts,
}: Pick<AgentConfig, "caRoot" | "provCert" | "outputCerts">): boolean {
  if (caRoot !== undefined || provCert === undefined || outputCerts === undefined) return false;
  return resolve(provCert) === resolve(outputCerts);
}

/**
 * Directories that the agent reads. If it wrote its roots there, it would read them back as the operator's
 * and trust them forever.
 */
export function inputDirectories(config: AgentConfig): readonly string[] {
  const { fileMountedCerts, mountedCertsDir } = config;
  return [
    mountedCertsDir,
    ...(fileMountedCerts ? [legacyMountedCertsDir] : []),
    ...(renewsInPlace(config) ? [] : [dirname(caRootPath(config))]),
  ];
}
