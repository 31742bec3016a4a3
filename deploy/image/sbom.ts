import type { DebianPackage } from "./debian-packages.ts";
import type { Image } from "./images.ts";
import type { InstalledPackage } from "./installed-packages.ts";
import type { PinnedNode } from "./pinned-node.ts";

/** The content of an image by its source. */
export interface Contents {
  readonly debian: readonly DebianPackage[];
  readonly node: PinnedNode;
  readonly npm: readonly InstalledPackage[];
}

/** A CycloneDX 1.5 bill of materials, identical for identical contents. */
export function sbomOf(image: Image, version: string, contents: Contents): string {
  const { debian, node, npm } = contents;
  const components = [...debian.map(debianComponent), nodeComponent(node), ...npm.map(npmComponent)];
  const container = { "bom-ref": "image", type: "container", name: image.repository, version };
  const bom = {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: { component: container },
    components: components.map((component) => ({ "bom-ref": component.purl, ...component })),
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

function debianComponent({ name, version, architecture }: DebianPackage) {
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}`;
  return { type: "library", name, version, purl };
}

function nodeComponent({ version, sha256 }: PinnedNode) {
  return {
    type: "application",
    name: "node",
    version,
    purl: `pkg:generic/node@${version}`,
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    hashes: [{ alg: "SHA-256", content: sha256 }],
  };
}

function npmComponent({ name, version, license, sha512 }: InstalledPackage) {
  return {
    type: "library",
    name,
    version,
    purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
    ...(license === undefined ? {} : { licenses: [{ expression: license }] }),
    ...(sha512 === undefined ? {} : { hashes: [{ alg: "SHA-512", content: sha512 }] }),
  };
}
