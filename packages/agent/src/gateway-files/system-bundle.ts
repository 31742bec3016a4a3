import { access, constants } from "node:fs/promises";

/** Paths at which distributions keep the roots of public CAs, in the order of Istio and Go. */
export const systemBundlePaths: readonly string[] = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, distroless
  "/etc/pki/tls/certs/ca-bundle.crt", // Fedora, RHEL 6
  "/etc/ssl/ca-bundle.pem", // openSUSE
  "/etc/pki/tls/cacert.pem", // OpenELEC
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // CentOS, RHEL 7
  "/etc/ssl/cert.pem", // Alpine
  "/usr/local/etc/ssl/cert.pem", // FreeBSD
  "/etc/ssl/certs/ca-certificates.pem", // other builds of OpenSSL
];

/** Returns the first well-known bundle that exists; if none exists, the path at which one may appear. */
export async function findSystemBundle(paths = systemBundlePaths): Promise<string> {
  for (const path of paths) {
    const isThere = await access(path, constants.R_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return paths[0] ?? "";
}
