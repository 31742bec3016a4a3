export interface ControlFields {
  readonly version: string;
  readonly architecture: string;
  readonly maintainer: string;
  /** The size of the installed files. */
  readonly kibibytes: number;
}

/** The control file of the package. Node is linked with the libraries that it depends on. */
export function controlOf({ version, architecture, maintainer, kibibytes }: ControlFields): string {
  return `Package: kasbah
Version: ${version}
Architecture: ${architecture}
Maintainer: ${maintainer}
Installed-Size: ${kibibytes}
Depends: ${depends.join(", ")}
Recommends: systemd
Section: admin
Priority: optional
Description: certificate authority and secret agent of a service mesh
 kasbah-server is a certificate authority that issues short-lived workload
 certificates with SPIFFE IDs. kasbah-agent obtains one, renews it, and serves
 it to Envoy and to other programs. kasbah is the operator's command.
 .
 The package contains its own Node.js, which only these commands use. Neither
 service starts before it is configured.
`;
}

const depends = [
  "libatomic1",
  "libc6 (>= 2.28)",
  "libgcc-s1",
  "libstdc++6 (>= 9)",
  "debconf (>= 0.5) | debconf-2.0",
  "init-system-helpers (>= 1.54)",
  "default-systemd-sysusers | systemd-standalone-sysusers | systemd-sysusers | systemd",
];

/** Debian's changelog, which dates the package. */
export function changelogOf(release: string, maintainer: string, ageSeconds: number): string {
  const date = new Date(ageSeconds * 1000).toUTCString().replace("GMT", "+0000");
  return `${release} unstable; urgency=medium\n\n  * See the CHANGELOG of kasbah.\n\n -- ${maintainer}  ${date}\n`;
}

export const copyright = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: kasbah

Files: *
Copyright: 2026 The kasbah authors
License: Apache-2.0
 On Debian systems, the full text of the Apache License, Version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.

Files: usr/lib/kasbah/dist/*
Copyright: 2026 The kasbah authors, and the authors of the libraries in the bundles
License: Apache-2.0 and others
 The bundles contain libraries under permissive licenses. Their texts are in
 /usr/lib/kasbah/LICENSES.txt.

Files: usr/lib/kasbah/node
Copyright: Node.js contributors, and the authors of the software in Node.js
License: MIT and others
 The texts are in /usr/share/doc/kasbah/LICENSE.node.gz.
`;
