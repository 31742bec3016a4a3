// Collects the explanations of all codes, which `kasbah why <CODE>` prints, in packages/cli/generated.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { plainCodes } from "./reference/errors/plain-codes.ts";

const output = fileURLToPath(new URL("../packages/cli/generated", import.meta.url));
mkdirSync(output, { recursive: true });
writeFileSync(join(output, "codes.json"), `${JSON.stringify(plainCodes())}\n`);
