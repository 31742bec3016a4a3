import { access } from "node:fs/promises";
import { join } from "node:path";
import { findCertificates, parseCertificate } from "@kasbah/pki";
import { readOperatorFile } from "../operator-file.ts";
import { mountedNames } from "./istio-names.ts";

/** The files of one mounted certificate. Key and chain may be the same file. */
export interface MountedNames {
  readonly chain: string;
  readonly key: string;
  readonly roots: string;
}

/** A Secret of the type `kubernetes.io/tls`, as cert-manager fills it. */
const tlsSecret: MountedNames = { chain: "tls.crt", key: "tls.key", roots: "ca.crt" };

/** The file of SPIFFE's filesystem delivery, whose trust bundles are named after their trust domains. */
const credentialBundle = "credential-bundle.private-key.pem";

const maxFileBytes = 1024 * 1024;

/**
 * Returns the names that a directory has now: Istio's, those of a Kubernetes TLS Secret, or a credential bundle. If it
 * has none of them completely, Istio's.
 */
export async function namesIn(directory: string): Promise<MountedNames> {
  for (const names of [mountedNames, tlsSecret]) {
    if (await hasAll(directory, Object.values(names))) return names;
  }
  return (await bundleNames(directory)) ?? mountedNames;
}

/** Whether the directory has one of the three sets of names. */
export async function hasAnyNames(directory: string): Promise<boolean> {
  const sets = [Object.values(mountedNames), Object.values(tlsSecret), [credentialBundle]];
  return (await Promise.all(sets.map((names) => hasAll(directory, names)))).includes(true);
}

/** The trust bundle is that of the certificate's own trust domain: the directory may contain those of others. */
async function bundleNames(directory: string): Promise<MountedNames | undefined> {
  if (!(await hasAll(directory, [credentialBundle]))) return undefined;
  const text = await readOperatorFile(join(directory, credentialBundle), maxFileBytes, "mount it there");
  const trustDomain = trustDomainOf(text);
  if (trustDomain === undefined) return undefined;
  const roots = `${trustDomain}.spiffe-trust-bundle.pem`;
  return { chain: credentialBundle, key: credentialBundle, roots };
}

function trustDomainOf(text: string): string | undefined {
  try {
    return findCertificates(text, parseCertificate)[0]?.spiffeId?.trustDomain.toString();
  } catch {
    // The check of the whole set reports the reason.
    return undefined;
  }
}

async function hasAll(directory: string, names: readonly string[]): Promise<boolean> {
  const paths = names.map((name) => join(directory, name));
  return Promise.all(paths.map((path) => access(path))).then(
    () => true,
    () => false,
  );
}
