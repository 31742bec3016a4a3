import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Names } from "../../deploy/names.ts";
import { root } from "../bundles/single-file.ts";

/** The commands of the package. Each is a bundle in `dist` and a launcher in `bin`. */
export const commands = ["kasbah", "kasbah-server", "kasbah-agent"] as const;

export type ReleasedCommand = (typeof commands)[number];

/** The directory whose README.md is the package's, so that the registry resolves the links in it. */
export const readmeDirectory = "packages/cli";

/** The `package.json` of the published package. The repository's own packages stay private. */
export async function releaseManifest({ npm, repository }: Names): Promise<object> {
  const own = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  return {
    name: npm,
    version: own.version,
    description: `${own.description}: kasbah-server, kasbah-agent and kasbah, the operator's command`,
    keywords: ["spiffe", "mtls", "service-mesh", "certificate-authority", "sds", "envoy", "istio", "pki"],
    license: own.license,
    ...(repository === "" ? {} : sourcesAt(repository)),
    type: own.type,
    engines: own.engines,
    bin: Object.fromEntries(commands.map((name) => [name, `bin/${name}.js`])),
    // Closes every module to imports: the package consists of commands.
    exports: { "./package.json": "./package.json" },
    files: ["LICENSES.txt", "bin", "console", "dist", "generated"],
    publishConfig: { access: "public", provenance: true },
  };
}

function sourcesAt(repository: string) {
  return {
    homepage: `${repository}#readme`,
    bugs: { url: `${repository}/issues` },
    repository: { type: "git", url: `git+${repository}.git`, directory: readmeDirectory },
  };
}
