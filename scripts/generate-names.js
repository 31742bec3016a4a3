// Copies the names of this release to packages/cli/generated, where the kasbah command reads them without the repository.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { registry, serverImage } = JSON.parse(readFileSync(join(root, "deploy/names.json"), "utf8"));
const output = join(root, "packages/cli/generated");
mkdirSync(output, { recursive: true });
writeFileSync(join(output, "names.json"), `${JSON.stringify({ registry, serverImage })}\n`);
