import { access, constants } from "node:fs/promises";

/** Where distributions keep the roots of public CAs, in the order in which Istio and Go look. */
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

/** The first of the well-known bundles that is there; where there is none, the place where one may appear. */
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
